/// The rows and columns of a matrix that a tile is made of.
@usableFromInline
package typealias TilePart = (rows: Range<Int>, columns: Range<Int>)

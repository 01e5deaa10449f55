/// The rows and columns of a matrix that a tile covers.
@usableFromInline
package typealias TilePart = (rows: Range<Int>, columns: Range<Int>)

/// How a parameter θ changes through its moments m and v, given its gradient g.
@_documentation(visibility: internal)
public enum MomentRule: Sendable {
  /// m ← β₁ m + g, θ ← shrinkage · θ − rate · m.
  case momentum
  /// m ← β₁ m + g, θ ← shrinkage · θ − rate · (g + β₁ m).
  case nesterov
  /// m ← β₁ m + gain₁ g, v ← β₂ v + gain₂ g², θ ← shrinkage · θ − rate · m / (correction · √v + ε).
  case adam
  /// v ← β₂ v + gain₂ g², θ ← shrinkage · θ − rate · g / (√v + ε).
  case rmsProp
  /// v ← β₂ v if g has the sign of m, β₁ v if it has the opposite sign, else v, within smallest … largest; m ← 0 if the
  /// signs are opposite, else g; θ ← shrinkage · θ − sign(m) v.
  case rProp
  /// θ ← shrinkage · θ − rate · sign(β₁ m + gain₁ g), m ← β₂ m + gain₂ g.
  case lion
}

/// How a parameter θ changes by way of its moments m and v, given its gradient g.
public enum MomentRule: Sendable {
  /// m ← β₁ m + g, θ ← kept · θ − rate · m.
  case momentum
  /// m ← β₁ m + g, θ ← kept · θ − rate · (g + β₁ m).
  case nesterov
  /// m ← β₁ m + r₁ g, v ← β₂ v + r₂ g², θ ← kept · θ − rate · m / (correction · √v + ε).
  case adam
  /// v ← β₂ v + r₂ g², θ ← kept · θ − rate · g / (√v + ε).
  case rmsProp
  /// v ← v, or β₂ v if g has the sign of m, or β₁ v if it has the other, from r₁ to r₂; m ← g, or 0 if it had the
  /// other; θ ← kept · θ − sign(m) v.
  case rProp
}

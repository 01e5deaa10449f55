/// An option of a command, as shown in the help.
struct Option: Sendable {
  let name: String
  /// The placeholder for the value in the help; nil for a flag.
  let placeholder: String?
  let help: String

  init(_ name: String, _ placeholder: String? = nil, _ help: String) {
    self.name = name
    self.placeholder = placeholder
    self.help = help
  }
}

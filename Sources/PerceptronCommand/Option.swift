/// An option of a command, as help shows it.
struct Option: Sendable {
  let name: String
  /// What stands for the value in help; nil for a flag.
  let placeholder: String?
  let help: String

  init(_ name: String, _ placeholder: String? = nil, _ help: String) {
    self.name = name
    self.placeholder = placeholder
    self.help = help
  }
}

// Linked into the command, this makes an allocation that fails end it with one line and the exit code 71 (EX_OSERR of sysexits): Swift's arrays, strings and
// dictionaries would end it with a crash. There is nothing to call.

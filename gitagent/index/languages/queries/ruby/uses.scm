(call method: [(identifier) (constant)] @ref)
(constant) @ref
(call method: (identifier) @_f arguments: (argument_list . (string (string_content) @import))
  (#any-of? @_f "require" "load"))
(call method: (identifier) @_f
  arguments: (argument_list . (string (string_content) @import.relative))
  (#eq? @_f "require_relative"))

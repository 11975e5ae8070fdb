((attribute_item (attribute [(identifier) (scoped_identifier)] @_of))
  . [(attribute_item) (line_comment) (block_comment)]*
  . (function_item name: (identifier) @name) @case
  (#match? @_of "(^|::)(test|rstest|test_case|quickcheck|bench)$"))
(mod_item name: (identifier) @name) @group
(function_item name: (identifier) @name) @later

(macro_invocation macro: (identifier) @_of (#match? @_of "^(debug_)?(assert|prop_assert|panic|matches|unreachable)")) @assert
(call_expression function: [(identifier) (scoped_identifier)] @_of (#match? @_of "(^|::)(assert|check|verify|expect)_?\\w*$")) @assert

((attribute_item) @silence (#match? @silence "\\W(ignore|should_panic)\\W|cfg\\((any|all|not)\\(\\)\\)|cfg\\(FALSE\\)"))

(call_expression function: [(identifier) (scoped_identifier)] @_of
  (#match? @_of "process::(exit|abort)$|libc::_?exit$|^exit$")) @exit
((attribute_item) @runner (#match? @runner "cfg(_attr)?\\(\\s*not\\(\\s*test\\s*\\)"))
(macro_invocation macro: (identifier) @_of (token_tree) @_on (#eq? @_of "cfg") (#match? @_on "\\Wtest\\W")) @runner

((attribute_item) @_of
  . [(attribute_item) (line_comment) (block_comment)]*
  . (mod_item name: (identifier) @name) @inline
  (#match? @_of "cfg\\(.*\\Wtest\\W|cfg\\(test\\W"))

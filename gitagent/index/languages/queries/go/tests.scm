(function_declaration name: (identifier) @name (#match? @name "^(Test|Example|Fuzz)")) @case
(function_declaration name: (identifier) @name) @later
(method_declaration name: (field_identifier) @name) @later
(func_literal) @later

(call_expression function: (selector_expression) @_of
  (#match? @_of "^(t|tb|b|f|s\\.T\\(\\))\\.(Error|Errorf|Fatal|Fatalf|Fail|FailNow)$|^(assert|require|is|c|qt|cmp|s)\\.\\w+$|\\.(Assert|Require)\\(\\)\\.")) @assert
(call_expression function: (identifier) @_of (#match? @_of "^(assert|check|expect|verify|must|require)")) @assert

(call_expression function: (selector_expression) @silence (#match? @silence "\\.(Skip|Skipf|SkipNow)$|^testing\\.Short$"))
((comment) @silence (#match? @silence "^//\\s*(go:build|\\+build)"))

(call_expression function: (selector_expression) @_of
  (#match? @_of "^(os|syscall)\\.Exit$|^runtime\\.Goexit$|^syscall\\.Exec$")) @exit
(import_spec path: (_) @_of (#match? @_of "^.testing(/.*)?.$")) @runner
(function_declaration name: (identifier) @_of (#match? @_of "^(TestMain|init)$")) @odd
(import_spec path: (_) @_of (#match? @_of "^.(unsafe|plugin).$")) @odd
((comment) @odd (#match? @odd "^//go:linkname"))

(call target: (identifier) @_of (arguments . (string) @name)
  (#match? @_of "^(test|property|feature)$")) @case
(call target: (identifier) @_of (arguments . (string) @name) (#eq? @_of "describe")) @group
(call target: (identifier) @_of (arguments . [(call target: (identifier) @name) (identifier) @name])
  (#match? @_of "^(def|defp|defmacro|defmacrop)$")) @later
(anonymous_function) @later

(call target: (identifier) @_of (#match? @_of "^(assert|refute|flunk|catch_)")) @assert

(unary_operator operator: "@" operand: (call target: (identifier) @_of (arguments) @_on)
  (#match? @_of "tag$") (#match? @_on "skip|pending|exclude|disabled")) @silence
(call target: (dot) @_of (#match? @_of "^ExUnit\\.(configure|start|after_suite)$")) @silence

(call target: (dot) @_of
  (#match? @_of "^(System\\.(halt|stop|at_exit)|:erlang\\.halt|:init\\.(stop|reboot))$")) @exit
((alias) @runner (#match? @runner "^ExUnit(\\.|$)"))
(call target: (dot) @_of (#match? @_of "^(Code\\.(eval_\\w+|compile_\\w+|put_compiler_option)|:code\\.\\w+|:meck\\.\\w+|Module\\.create)$")) @odd

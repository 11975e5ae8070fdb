(function_definition name: (identifier) @name (#match? @name "^test")) @case
(class_definition name: (identifier) @name) @group

(function_definition name: (identifier) @name) @later
(lambda) @later
(if_statement condition: (comparison_operator (identifier) @_main (#eq? @_main "__name__"))) @later

(assert_statement) @assert
(call function: (identifier) @_of
  (#match? @_of "^(assert|expect|check|verify|ensure|raises|warns|fail)")) @assert
(call function: (attribute attribute: (identifier) @_of)
  (#match? @_of "^(assert|expect|check|verify|ensure|raises|warns|fail)")) @assert

((decorator) @silence
  (#match? @silence "(^|\\W)(skip|skipif|skipIf|skipUnless|xfail|expectedFailure)($|\\W)"))
(call function: (identifier) @_of
  (#match? @_of "^(skip|skipTest|SkipTest|xfail|importorskip)$")) @silence
(call function: (attribute attribute: (identifier) @_of)
  (#match? @_of "^(skipTest|SkipTest|xfail|importorskip)$")) @silence
(call function: (attribute) @_of (#match? @_of "^pytest\\.(skip|exit)$")) @silence
(raise_statement [(identifier) (attribute)] @_of (#match? @_of "(^|\\.)SkipTest$")) @silence
((attribute) @silence (#match? @silence "(^|\\.)mark\\.(skip|skipif|xfail)$"))
(assignment left: (identifier) @_of
  (#match? @_of "^(__test__|collect_ignore|collect_ignore_glob|pytest_plugins)$")) @silence
(function_definition name: (identifier) @_of (#match? @_of "^(load_tests|pytest_\\w+)$")) @silence

(call function: (attribute attribute: (identifier) @_of)
  (#match? @_of "^(_exit|exec[lv]\\w*|abort)$")) @exit
(call function: (identifier) @_of (#match? @_of "^(_exit|exec[lv]p?e?)$")) @exit
(import_from_statement name: (dotted_name) @_of (#match? @_of "^_exit$")) @exit
(import_from_statement name: (aliased_import name: (dotted_name) @_of (#match? @_of "^_exit$"))) @exit
(call function: (attribute) @_of (#match? @_of "^(sys|pytest)\\.exit$")) @leave
(call function: (identifier) @_of (#match? @_of "^(exit|quit|SystemExit)$")) @leave
(raise_statement (identifier) @leave (#eq? @leave "SystemExit"))

(import_statement name: (dotted_name) @_of
  (#match? @_of "^(pytest|_pytest|unittest|pluggy|doctest)($|\\.)")) @runner
(import_statement name: (aliased_import name: (dotted_name) @_of)
  (#match? @_of "^(pytest|_pytest|unittest|pluggy|doctest)($|\\.)")) @runner
(import_from_statement module_name: (dotted_name) @_of
  (#match? @_of "^(pytest|_pytest|unittest|pluggy|doctest)($|\\.)")) @runner
(string (string_content) @_of
  (#match? @_of "^(_?pytest|unittest|_pytest\\..*|unittest\\..*|PYTEST_\\w*)$|junit")) @runner
(assignment left: (attribute) @_of
  (#match? @_of "^(builtins|__builtins__|unittest|_?pytest)\\.|^sys\\.modules|(^|\\.)\\w*Test(Case|Result|Report|Loader|Runner|Suite)\\.")) @runner
(assignment left: (subscript) @_of (#match? @_of "^(sys\\.modules|__builtins__|builtins)")) @runner
(assignment left: (attribute) @_of
  (#match? @_of "^sys\\.(exit|modules|meta_path|path_hooks|excepthook|stdout|stderr)$")) @odd
(call function: (identifier) @_of arguments: (argument_list . (_) @_on)
  (#eq? @_of "setattr")
  (#match? @_on "^(builtins|__builtins__|unittest|_?pytest|sys|os)($|\\W)")) @runner

(call function: (identifier) @_of
  (#match? @_of "^(exec|eval|compile|__import__|globals|vars|setattr|delattr)$")) @odd
(call function: (identifier) @_of arguments: (argument_list . (_) @_on)
  (#eq? @_of "getattr") (#match? @_on "^(os|sys|builtins|importlib)$")) @odd
(call function: (attribute) @_of
  (#match? @_of "^(gc\\.get_\\w+|sys\\._\\w+|sys\\.set(trace|profile)|sys\\.meta_path\\.\\w+|inspect\\.(stack|currentframe)|atexit\\.\\w+|importlib\\.\\w+|threading\\.set(trace|profile)|signal\\.\\w+|faulthandler\\.\\w+)$")) @odd
(import_statement name: (dotted_name) @_of (#match? @_of "^(ctypes|gc)$")) @odd
(module (expression_statement (assignment left: (attribute) @_of) @patch))

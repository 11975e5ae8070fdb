(call_expression
  function: [(identifier) (member_expression)] @_of
  arguments: (arguments . [(string) (template_string)] @name)
  (#match? @_of "^(it|test|specify|xit|fit|xtest|Deno\\.test|t\\.test)(\\.\\w+)*$")) @case
(call_expression
  function: (call_expression function: (member_expression) @_of)
  arguments: (arguments . [(string) (template_string)] @name)
  (#match? @_of "^(it|test)\\.each$")) @case
(call_expression
  function: [(identifier) (member_expression)] @_of
  arguments: (arguments . [(string) (template_string)] @name)
  (#match? @_of "^(describe|suite|context|xdescribe|fdescribe)(\\.\\w+)*$")) @group

(function_declaration name: (identifier) @name) @later
(function_expression) @later
(arrow_function) @later
(method_definition name: (_) @name) @later
(generator_function_declaration name: (identifier) @name) @later

(call_expression function: [(identifier) (member_expression)] @_of
  (#match? @_of "^(t\\.|chai\\.|sinon\\.)?(assert|expect|should|verify)(\\W|$)")) @assert
(call_expression function: (member_expression) @_of
  (#match? @_of "^t\\.(is|not|true|false|truthy|falsy|deepEqual|like|throws|equal|ok|same|notThrows)\\w*$")) @assert

(call_expression function: [(identifier) (member_expression)] @silence
  (#match? @silence "^(it|test|describe|suite|context|specify|t|this|ctx)(\\.\\w+)*\\.(skip|only|todo|fails|failing|skipIf|runIf)$|^(xit|xtest|xdescribe|xspecify|fit|fdescribe|pending)$"))
(pair key: (property_identifier) @_of (#match? @_of "^(skip|todo|only|expectFailure)$")) @silence
((comment) @silence (#match? @silence "@ts-(nocheck|ignore|expect-error)|(c8|istanbul|v8) ignore"))

(call_expression function: (member_expression) @_of
  (#match? @_of "^(process|Deno|globalThis\\.process|global\\.process)\\??\\.(exit|reallyExit|kill|abort)$|\\.reallyExit$")) @exit
(assignment_expression left: (member_expression) @_of (#match? @_of "process\\.exitCode$")) @exit
(call_expression function: (member_expression) @_of arguments: (arguments . (string) @_on)
  (#match? @_of "process\\.(on|once|addListener|prependListener)$")
  (#match? @_on "exit|uncaughtException|unhandledRejection|beforeExit")) @exit

(import_statement source: (string) @_of
  (#match? @_of "^.(node:test|vitest|jest|@jest/.*|mocha|ava|tap|@japa/.*|uvu.*)(/.*)?.$")) @runner
(call_expression function: (identifier) @_f arguments: (arguments . (string) @_of)
  (#eq? @_f "require")
  (#match? @_of "^.(node:test|vitest|jest|@jest/.*|mocha|ava|tap|@japa/.*|uvu.*)(/.*)?.$")) @runner
(assignment_expression left: (member_expression) @_of
  (#match? @_of "^(\\w*[aA]ssert\\w*|expect|jest|vi|process\\.(exit|emit|on)|(globalThis|global)\\.(it|test|describe|expect|assert|jest|process|Error|AssertionError))(\\.|$)|AssertionError|require\\(.*(assert|test|jest|chai)")) @runner
(call_expression function: (member_expression) @_of arguments: (arguments . (_) @_on)
  (#match? @_of "^(Object|Reflect)\\.(defineProperty|assign|defineProperties|set|setPrototypeOf)$")
  (#match? @_on "^(\\w*[aA]ssert\\w*|expect|jest|vi|process|globalThis|global|require\\(.*)$")) @runner
(member_expression property: (property_identifier) @_of
  (#match? @_of "^(JEST_WORKER_ID|NODE_TEST_CONTEXT|VITEST|VITEST_\\w+|MOCHA_\\w+)$")) @runner
(string (string_fragment) @_of
  (#match? @_of "^(JEST_WORKER_ID|NODE_TEST_CONTEXT|VITEST\\w*|node:test)$|junit")) @runner

(call_expression function: (identifier) @_of (#match? @_of "^(eval|Function)$")) @odd
(new_expression constructor: (identifier) @_of (#eq? @_of "Function")) @odd
(call_expression function: (identifier) @_f arguments: (arguments . [(binary_expression) (template_string)] @_on)
  (#eq? @_f "require")) @odd
(member_expression object: (identifier) @_of (#match? @_of "^(require)$")
  property: (property_identifier) @_p (#eq? @_p "cache")) @odd

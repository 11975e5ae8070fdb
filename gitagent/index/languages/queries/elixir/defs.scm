; what a match has as `_head` or `_left` in place of a name is looked into by `syntax`: to tell
; apart here all that a definition may begin with takes longer than to parse most files
(call target: (identifier) @_k (arguments . (alias) @name)
  (#any-of? @_k "defmodule" "defprotocol")) @module
(call target: (identifier) @_k (arguments . (alias) @name) (#eq? @_k "defimpl")) @within
(call target: (identifier) @_k (arguments . (_) @_head)
  (#any-of? @_k "def" "defp" "defdelegate" "defguard" "defguardp" "defn" "defnp"
    "defmacro" "defmacrop")) @function
(unary_operator operator: "@" operand: (call target: (identifier) @_k
  (arguments . (binary_operator left: (_) @_left)))
  (#any-of? @_k "type" "typep" "opaque" "callback" "macrocallback")) @type

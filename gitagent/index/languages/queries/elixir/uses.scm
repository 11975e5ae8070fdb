; `_` where its field alone says what it is: a name there takes longer to compile
(call target: (identifier) @ref)
(call target: (_ right: (identifier) @ref))
(binary_operator operator: "|>" right: (identifier) @ref)
(unary_operator operator: "&" operand: (_ left: (identifier) @ref operator: "/"))
(alias) @alias
(call target: (identifier) (arguments . [(alias) (dot left: (alias) right: (tuple))])) @import

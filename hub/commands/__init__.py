"""The verbs of `hub`, one file per group; `hub.cli.VERBS` maps each name to the click command here.

A verb parses arguments, asks `hub.wiring` for objects, prints; it holds no rule. Other exit than 0: `ctx.exit(code)`.
"""

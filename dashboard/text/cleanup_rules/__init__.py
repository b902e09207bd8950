"""The clean-up rules, one module for each family; ``dashboard.text.cleanup`` finds them here.

To add a rule, subclass ``Rule`` or one of its families and list an instance in the module's
``RULES``. Which rules apply to a text, and in which order, belongs in ``dashboard.text.cleanup``.
"""

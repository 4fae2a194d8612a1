"""What is said and shown, as data: sentences, tables, charts and plates, of a scene and a few choices.

Words are in the language that is spoken where a function is called. Nothing here knows a page, a widget or a session.
"""

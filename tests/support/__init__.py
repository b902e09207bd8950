"""Code that several test files share. It holds no tests.

``naive`` is a slow, plain implementation of each cell, which the fast kernels are compared with.
``original_program`` is a stand-in for the original program's module, whose pickles must open.
``paths`` names the project's folders and files that tests read.
``pickled`` makes small models and their pickles, of this program and of the original one.
``runs`` makes small dashboard runs, and a store that stops their autosavers when a test ends.
``saved_runs`` makes small solvers to save and load, and lists all values that must survive.
``session`` is a visitor that speaks to a running server over its WebSocket, without a browser.
``texts`` draws random texts for the clean-up rules, and lists the suggestions for one by key.
``trainers`` makes small trainers and waits for their threads.
``visits`` is a visitor on Streamlit's ``AppTest``: it clicks, chooses and reads the page.
``zips`` makes zip files in memory.
"""

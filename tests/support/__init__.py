"""What tests share: references, ready-made runs, visitors of the page, folders of the project."""

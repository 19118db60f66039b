"""What comes in from forms, JSON and commands: checked, every wrong field named, before anything is done."""

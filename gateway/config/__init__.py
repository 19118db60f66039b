"""The settings: what they are (`settings`), what their values are made of (`fields`), how they are read (`load`)."""

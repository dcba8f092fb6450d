"""What the application is made of."""

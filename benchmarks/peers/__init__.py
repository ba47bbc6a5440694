"""Methods the project's model is measured against; nothing else imports them."""

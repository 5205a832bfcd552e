"""Learning from labelled documents: what ``make train`` runs. Needs scikit-learn; nothing else imports it."""

"""The voting app: vote and result pages, and a worker between the queue and the database."""

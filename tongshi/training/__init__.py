"""Fine-tuning of the models that ship with the project. Nothing here is needed to run the agent."""

"""Why the bot took a message as it did, and what an answer rests on, in words that need no training to follow."""

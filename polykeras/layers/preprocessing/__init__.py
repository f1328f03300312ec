"""The layers that prepare data: numbers, categories, texts, sounds and images."""

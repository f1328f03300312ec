"""polykeras beside native code and Keras, measured in paired rounds. README.md says how."""

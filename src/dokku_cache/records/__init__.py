"""Records of purges and of the daily run, in files of the plugin. Decides nothing."""

"""What is kept in files of DUNLIN_HOME."""

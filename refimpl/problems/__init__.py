"""Problems to try the algorithms on: functions with known minimizers, data sets that come with the package."""

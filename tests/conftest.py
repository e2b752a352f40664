pytest_plugins = ["tests.fixtures", "tests.postgresql"]

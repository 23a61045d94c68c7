"""The migrations make exactly the tables that the models describe."""


def test_models_and_migrations_agree(app, runner):
    checked = runner.invoke(args=["db", "check"])
    assert checked.exit_code == 0, checked.output

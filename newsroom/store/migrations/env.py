"""What Alembic runs around the steps. ``newsroom.store.database`` opens the transaction and hands it over."""

from alembic import context

from newsroom.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can't change a column in place: a step that says ``batch_alter_table`` builds the table anew there.
    render_as_batch=True,
)
context.run_migrations()

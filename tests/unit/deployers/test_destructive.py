import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployers.destructive import MOST_FILES, compatible, dangers, judged, undeclared, understood
from deployers.ports import Difference

LARAVEL = """<?php
return new class extends Migration {
    public function up(): void
    {
        Schema::table('calls', function (Blueprint $table) {
            $table->string('name')->nullable();
%s
        });
%s
    }

    public function down(): void
    {
        Schema::dropIfExists('calls');
        if (true) { $this->nothing(); }
    }
};
"""


def told(path, content):
    return [danger.what for danger in dangers(path, content)]


def laravel(inside="", after=""):
    return told("database/migrations/2026_12_01_120000_x.php", LARAVEL % (inside, after))


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("DROP TABLE calls;", "drops a table"),
        ("drop table if exists calls;", "drops a table"),
        ("ALTER TABLE calls DROP COLUMN name;", "drops a column"),
        ("ALTER TABLE calls\n  ADD x INT,\n  DROP name;", "drops a column"),
        ("TRUNCATE calls;", "empties a table"),
        ("DELETE FROM calls;", "deletes every row of a table"),
        ("UPDATE calls SET state = 'new';", "overwrites every row of a table"),
        ("RENAME TABLE calls TO rings;", "renames a table"),
        ("ALTER TABLE calls RENAME TO rings;", "renames a table"),
        ("ALTER TABLE calls RENAME COLUMN a TO b;", "renames a column"),
        ("ALTER TABLE calls MODIFY name VARCHAR(10);", "changes a column's type, maybe to a narrower one"),
        ("ALTER TABLE calls CHANGE a b INT;", "changes a column's name or type"),
        ("ALTER TABLE calls ALTER COLUMN name TYPE varchar(10);", "changes a column's type, maybe to a narrower one"),
        ("ALTER TABLE calls ALTER COLUMN name SET NOT NULL;", "makes a column required"),
    ],
)
def test_sql_that_takes_something_away_is_pointed_out(statement, what):
    assert told("migrations/9.sql", statement) == [what]


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE calls (id INTEGER, name TEXT);",
        "ALTER TABLE calls ADD COLUMN name TEXT;",
        "ALTER TABLE calls DROP INDEX by_name;",
        "ALTER TABLE calls DROP FOREIGN KEY fk;",
        "ALTER TABLE calls ALTER COLUMN name DROP NOT NULL;",
        "DELETE FROM calls WHERE id = 3;",
        "UPDATE calls SET a = 1\n WHERE b = 2;",
        "CREATE TABLE a (b INT REFERENCES c ON UPDATE SET NULL);",
        "INSERT INTO a VALUES (1) ON CONFLICT DO UPDATE SET b = 2;",
        "-- DROP TABLE calls;",
        "/* TRUNCATE calls;\n DROP TABLE x; */ SELECT 1;",
        "CREATE TABLE truncated_calls (id INT);",
        "CREATE TABLE x (id INT);\n-- migrate:down\nDROP TABLE x;",
    ],
)
def test_sql_that_takes_nothing_away_is_left_alone(statement):
    assert told("migrations/9.sql", statement) == []


@pytest.mark.parametrize(
    ("inside", "after", "what"),
    [
        ("$table->dropColumn('name');", "", "drops a column"),
        ("$table->dropSoftDeletes();", "", "drops a column"),
        ("$table->renameColumn('a', 'b');", "", "renames a column"),
        ("$table->string('name', 10)->change();", "", "changes a column's type, maybe to a narrower one"),
        ("", "Schema::drop('calls');", "drops a table"),
        ("", "Schema::connection('old')->dropIfExists('calls');", "drops a table"),
        ("", "Schema::dropColumns('calls', ['a']);", "drops a column"),
        ("", "Schema::rename('a', 'b');", "renames a table"),
        ("", "DB::table('calls')->delete();", "deletes every row of a table"),
        ("", "DB::table('calls')->truncate();", "empties a table"),
        ("", "DB::statement('DROP TABLE calls');", "drops a table"),
        ("", 'DB::statement("UPDATE calls SET a = 1");', "overwrites every row of a table"),
    ],
)
def test_laravels_own_words_are_known(inside, after, what):
    assert laravel(inside, after) == [what]


def test_what_only_the_way_back_of_a_migration_destroys_does_not_count():
    assert laravel() == []
    assert laravel("", "DB::table('calls')->where('id', 3)->delete();") == []
    assert told("db/migrate/1_x.rb", "def up\n  add_column :a, :b\nend\n\ndef down\n  drop_table :a\nend\n") == []
    assert told("alembic/1.py", "def upgrade():\n    pass\n\n\ndef downgrade():\n    op.drop_table('a')\n") == []
    assert (
        told("migrations/1.js", "exports.up = k => k;\nexports.down = function (k) { return k.dropTable('a'); };") == []
    )
    assert told("migrations/9_x.down.sql", "DROP TABLE a;") == []


def test_a_danger_names_its_file_and_line():
    (danger,) = dangers("migrations/9.sql", "-- first\n\nCREATE TABLE a (b INT);\nDROP TABLE c;\n")
    assert (danger.path, danger.line, danger.what) == ("migrations/9.sql", 4, "drops a table")


def test_other_frameworks_words_are_known():
    assert told("alembic/1.py", "def upgrade():\n    op.drop_column('a', 'b')\n") == ["drops a column"]
    assert told("app/migrations/0002.py", "operations = [migrations.RemoveField('a', 'b')]") == ["drops a column"]
    assert told("db/migrate/1_x.rb", "def change\n  rename_column :a, :b, :c\nend\n") == ["renames a column"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("1.sql", "-- shipmate: compatible\nALTER TABLE a ADD b INT;"),
        ("1.sql", "/* We add only. Shipmate:compatible, says Ana. */"),
        ("1.php", "<?php\n// shipmate: compatible with v2.2\n"),
        ("1.py", "# shipmate: compatible\n"),
    ],
)
def test_a_comment_declares_a_migration_compatible(path, content):
    assert compatible(path, content)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("1.sql", "INSERT INTO notes VALUES ('shipmate: compatible');"),
        ("1.php", "<?php $a = '// shipmate: compatible';"),
        ("1.sql", "-- shipmate: incompatible\n-- not shipmate compatible"),
    ],
)
def test_nothing_but_that_comment_does(path, content):
    assert not compatible(path, content)


def test_a_difference_is_told_what_its_migrations_say():
    asked = []

    class Shelf:
        def read(self, sha, paths):
            asked.append((sha, len(paths)))
            return {"m/1.sql": "-- shipmate: compatible\n", "m/2.sql": "DROP TABLE a;"}

    many = tuple(f"m/{number}.sql" for number in range(50))
    seen = understood(Shelf(), Difference((), 0, (), 0, many), "a" * 40)
    assert asked == [("a" * 40, MOST_FILES)]
    assert seen.compatible == ("m/1.sql",)
    assert [danger.path for danger in seen.dangers] == ["m/2.sql"]
    assert undeclared(seen.migrations, seen.compatible) == (many[0], *many[2:])


def test_without_migrations_nothing_is_read():
    assert understood(None, Difference((), 0, (), 0, ()), "a" * 40).compatible == ()


@given(
    content=st.text(alphabet="'\"/*-#\n;{}()$ DROPTABLEdown", max_size=200),
    ending=st.sampled_from(["sql", "php", "py", "js"]),
)
def test_whatever_a_file_holds_it_can_be_read_and_lines_are_its_own(content, ending):
    for danger in dangers(f"m.{ending}", content):
        assert 1 <= danger.line <= content.count("\n") + 1
    judged(Difference((), 0, (), 0, ("m",)), {"m": content})

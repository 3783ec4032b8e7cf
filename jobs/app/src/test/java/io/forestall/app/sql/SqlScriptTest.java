package io.forestall.app.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.forestall.app.CommandFailure;
import io.forestall.app.sql.SqlScript.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SqlScriptTest {
  @Test
  void splitsAtSemicolonsOutsideOfQuotesAndComments() {
    assertThat(parse("SELECT 'a;b' -- c;\n, `d;e`; /* f; */ SELECT 2;\n\n SELECT 3"))
        .containsExactly(
            new Statement("SELECT 'a;b' \n, `d;e`", 1),
            new Statement("SELECT 2", 2),
            new Statement("SELECT 3", 4));
    assertThat(parse(" ;; -- nothing\n")).isEmpty();
    assertThat(parse("SELECT 'it''s; fine'")).hasSize(1);
    assertThat(parse("SELECT '-- no comment'"))
        .containsExactly(new Statement("SELECT '-- no comment'", 1));
    assertThat(parse("SELECT /*+ OPTIONS('a'='b') */ 1"))
        .extracting(Statement::text)
        .first()
        .asString()
        .contains("/*+");
  }

  @Test
  void putsValuesInPlaceOfVariables() {
    assertThat(
            SqlScript.parse("f", "SELECT '${a}', '${b:-two}', '${c:-}'", Map.of("a", "o'ne; DROP")))
        .containsExactly(new Statement("SELECT 'o''ne; DROP', 'two', ''", 1));
  }

  @Test
  void saysTheLineOfAMistake() {
    assertThatThrownBy(() -> parse("SELECT 1;\nSELECT '${missing}'"))
        .isInstanceOf(CommandFailure.class)
        .hasMessage("f:2: the variable ${missing} has no value: give one with --set missing=VALUE");
    assertThatThrownBy(() -> parse("\n\nSELECT 'x")).hasMessage("f:3: the quote ' has no end");
    assertThatThrownBy(() -> parse("/* x")).hasMessage("f:1: the comment has no end: add */");
  }

  @Test
  void knowsWhenAStatementGoesOn() {
    for (String open :
        List.of("SELECT 1", "SELECT ';", "SELECT 1; SELECT", "/* ;", "SELECT 1 -- ;")) {
      assertThat(SqlScript.isUnfinished(open)).as(open).isTrue();
    }
    for (String whole :
        List.of("", "SELECT 1;", "SELECT ';';\n", "-- only words", "SELECT 1; -- end", "/* a */")) {
      assertThat(SqlScript.isUnfinished(whole)).as(whole).isFalse();
    }
  }

  private static List<Statement> parse(String script) {
    return SqlScript.parse("f", script, Map.of());
  }
}

package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;

import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What the URL of a store says goes over what the platform sets by itself. */
class PostgresUrlTest {
  @Test
  void takesTheTimeoutsOfTheUrl() {
    PostgresEngine engine =
        engine(
            "?connectTimeout=2&loginTimeout=3&socketTimeout=4&tcpKeepAlive=false"
                + "&ApplicationName=other");
    PGSimpleDataSource source = source(engine.source());
    assertThat(source.getConnectTimeout()).isEqualTo(2);
    assertThat(source.getLoginTimeout()).isEqualTo(3);
    assertThat(source.getSocketTimeout()).isEqualTo(4);
    assertThat(source.getTcpKeepAlive()).isFalse();
    assertThat(source.getApplicationName()).isEqualTo("other");
  }

  @Test
  void setsTimeoutsWhereTheUrlHasNone() {
    PGSimpleDataSource source = source(engine("").source());
    assertThat(source.getConnectTimeout()).isEqualTo(5);
    assertThat(source.getLoginTimeout()).isEqualTo(10);
    assertThat(source.getSocketTimeout()).isEqualTo(15);
    assertThat(source.getTcpKeepAlive()).isTrue();
    assertThat(source.getApplicationName()).isEqualTo("portvakt");
    assertThat(source.getServerNames()).containsExactly("one", "other");
    assertThat(source.getDatabaseName()).isEqualTo("store");
  }

  @Test
  void givesTheMigrationTheTimeThatItTakes() {
    assertThat(source(engine("?socketTimeout=4").migrationSource()).getSocketTimeout()).isZero();
    assertThat(source(engine("").migrationSource()).getSocketTimeout()).isZero();
  }

  @Test
  void writesToAPrimaryOnlyWhateverTheUrlSays() {
    for (String parameters : new String[] {"", "?targetServerType=any"}) {
      PGSimpleDataSource source = source(engine(parameters).source());
      assertThat(source.getTargetServerType()).isEqualTo("primary");
      assertThat(source.getUser()).isEqualTo("portvakt");
    }
  }

  private static PostgresEngine engine(String parameters) {
    String url = "jdbc:postgresql://one:5432,other:5433/store" + parameters;
    return new PostgresEngine(new PostgresAddress(url, "portvakt", null, 2));
  }

  private static PGSimpleDataSource source(DataSource source) {
    return (PGSimpleDataSource) source;
  }
}

package no.portvakt.server.database;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;

/** Where a PostgreSQL store is, and who may use it. Never shows the password. */
public final class PostgresAddress {
  private final String url;
  private final @Nullable String user;
  private final @Nullable String password;
  private final int connections;

  /**
   * @param url {@code jdbc:postgresql://host[:port][,host[:port]…]/database[?…]}
   * @param user null: the one in the URL, or the driver's own choice
   * @param password null: the server asks for none
   * @param connections the most connections for reading; writing and listening have one each
   * @throws IllegalArgumentException when the URL is of another form, or holds a password or, as
   *     others have it, a user before the host
   */
  public PostgresAddress(
      String url, @Nullable String user, @Nullable String password, int connections) {
    if (url.toLowerCase(Locale.ROOT).contains("password=")) {
      throw new IllegalArgumentException(
          "The store's URL must not hold a password; it has a setting of its own.");
    }
    if (url.matches("[^/]*//[^/?]*@.*")) {
      throw new IllegalArgumentException(
          "The store's URL must not hold a user before its host; that has a setting of its own.");
    }
    if (!url.startsWith("jdbc:postgresql:") || Driver.parseURL(url, null) == null) {
      throw new IllegalArgumentException(
          "The store's URL must be of the form jdbc:postgresql://host:port/database.");
    }
    this.url = url;
    this.user = user;
    this.password = password;
    this.connections = connections;
  }

  /** The URL; it holds no secret. */
  public String url() {
    return url;
  }

  @Nullable String user() {
    return user;
  }

  @Nullable String password() {
    return password;
  }

  int connections() {
    return connections;
  }

  @Override
  public String toString() {
    return "PostgresAddress[" + url + "]";
  }
}

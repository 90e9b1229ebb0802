package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import no.portvakt.cli.AuthorityPlan.Step;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The commands against an admin API that has more than it shows, and that others change too. */
class AdminApiClientTest {
  private static final String SCOPE = "demo:orders/list.read";
  private static final Map<String, Object> KEPT =
      Map.of("name", SCOPE, "description", "old", "active", true);

  private final HttpServer server = start();
  private final AdminApiClient api =
      new AdminApiClient(
          "http://127.0.0.1:" + server.getAddress().getPort() + "/", () -> "a token");

  private static HttpServer start() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.start();
      return server;
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  @ParameterizedTest
  @CsvSource({"4999, 10, true", "5000, 10, false", "39, 100000, true", "40, 100000, false"})
  void takesNoListForWholeThatMayBeCutOff(int entries, int bytes, boolean whole) {
    Map<String, Object> entry = Map.of("name", "x".repeat(bytes));
    list("/scopes", Collections.nCopies(entries, entry));
    if (whole) {
      assertThat(api.all("scopes")).hasSize(entries);
    } else {
      assertThatExceptionOfType(CannotDo.class)
          .isThrownBy(() -> api.all("scopes"))
          .withMessageContaining("may not show all of /scopes: " + entries + " entries");
    }
  }

  @Test
  void plansForNamedScopesWhereTheListIsTooLong(@TempDir Path folder) throws IOException {
    scopes("\"one\"");
    AuthorityFile file =
        AuthorityFile.read(
            Files.writeString(
                folder.resolve("a.yaml"), "scopes: [{name: '" + SCOPE + "', description: new}]"));
    List<Step> steps = AuthorityPlan.of(api, file, new ClientPlan(api, file, false), false);
    assertThat(steps).extracting(Step::what).containsExactly("scope " + SCOPE);
    assertThatExceptionOfType(CannotDo.class)
        .isThrownBy(() -> AuthorityPlan.of(api, file, new ClientPlan(api, file, true), true))
        .withMessageContaining("may not show all of /scopes");
  }

  @Test
  void changesAScopeOnlyInTheStateThatThePlanSaw(@TempDir Path folder) throws IOException {
    scopes("\"one\"");
    AuthorityFile file =
        AuthorityFile.read(
            Files.writeString(
                folder.resolve("a.yaml"), "scopes: [{name: '" + SCOPE + "', description: new}]"));
    List<Step> steps = AuthorityPlan.of(api, file, new ClientPlan(api, file, false), false);
    steps.get(0).request().run();
    server.removeContext("/scopes");
    scopes("\"two\"");
    assertThatExceptionOfType(CannotDo.class)
        .isThrownBy(() -> steps.get(0).request().run())
        .withMessageContaining("412");
  }

  @Test
  void updatesAScopeOnlyInTheStateThatItSaw() {
    scopes("\"one\"");
    ScopeCommand.UpdateCommand update = new ScopeCommand.UpdateCommand();
    update.name = SCOPE;
    update.settings = List.of("description=new");
    StringWriter out = new StringWriter();
    assertThat(update.run(api, new PrintWriter(out))).isZero();
    assertThat(out.toString()).contains("new");
  }

  @Test
  void findsAClientByItsIdWhereTheListIsTooLong() {
    clients();
    StringWriter out = new StringWriter();
    assertThat(show("c1").run(api, new PrintWriter(out))).isZero();
    assertThat(out.toString()).contains("c1");
  }

  @Test
  void showsNothingThatDrivesATerminal() {
    clients();
    StringWriter out = new StringWriter();
    assertThat(show("c1").run(api, new PrintWriter(out))).isZero();
    assertThat(out.toString())
        .contains("name", "[2J", "[31m")
        .doesNotContain("\u001b", "\u009b", "15507600333");
  }

  @Test
  void takesNoNameForKnownWhereTheListIsTooLong() {
    clients();
    assertThatExceptionOfType(CannotDo.class)
        .isThrownBy(() -> show("named").run(api, new PrintWriter(new StringWriter())))
        .withMessageContaining("may not show all of /clients");
  }

  private static ClientCommand.ShowCommand show(String wanted) {
    ClientCommand.ShowCommand show = new ClientCommand.ShowCommand();
    show.wanted = wanted;
    return show;
  }

  /** The client {@code c1}, in a list that is cut off. */
  private void clients() {
    Map<String, Object> client =
        Map.of(
            "client_id",
            "c1",
            "client_name",
            "named",
            "scopes",
            List.of("a\u001b[31m", "b\u009b"),
            "name\u001b[2J of 15507600333",
            1);
    list("/clients", Collections.nCopies(5000, client));
    server.createContext("/clients/", exchange -> answer(exchange, 404, null, Map.of()));
    server.createContext("/clients/c1", exchange -> answer(exchange, 200, "\"one\"", client));
  }

  /** One scope whose state is the tag; without a name, as many as a list can have. */
  private void scopes(String tag) {
    server.createContext(
        "/scopes",
        exchange -> {
          String query = exchange.getRequestURI().getRawQuery();
          if (exchange.getRequestMethod().equals("PUT")) {
            // Without If-Match it would be any state.
            boolean same = tag.equals(exchange.getRequestHeaders().getFirst("If-Match"));
            Map<String, Object> changed =
                Map.of("name", SCOPE, "description", "new", "active", true);
            answer(exchange, same ? 200 : 412, tag, same ? changed : Map.of());
          } else if (query == null) {
            answer(exchange, 200, null, Collections.nCopies(5000, KEPT));
          } else {
            answer(exchange, 200, tag, List.of(KEPT));
          }
        });
  }

  private void list(String path, List<?> entries) {
    server.createContext(path, exchange -> answer(exchange, 200, null, entries));
  }

  private static void answer(HttpExchange exchange, int status, @Nullable String tag, Object json)
      throws IOException {
    try (exchange) {
      byte[] body = Json.write(json).getBytes(StandardCharsets.UTF_8);
      if (tag != null) {
        exchange.getResponseHeaders().set("ETag", tag);
      }
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}

package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.JWT_BEARER;
import static no.portvakt.server.MaskinportenClientFixture.TOKEN;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.MaskinportenRows.SOURCE;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.certificates.TestOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every row of the table of refusals in docs/protocol/maskinporten-token.md, provoked over HTTP:
 * status, error, text and {@code error_uri}.
 */
class RefusalTableTest {
  private static final Pattern ROW =
      Pattern.compile(
          "(?m)^\\| (MP-\\d{3}|–) \\| (\\d{3}) \\| `(\\w+)` \\| ([^|]+) \\| [^|]+ \\|$");
  private static final String FORM = "application/x-www-form-urlencoded";
  private static final String SHARED = "digdir:table/shared";
  private static final String OWN = "digdir:table/own";
  private static final String LOGIN = "digdir:table/login";
  private static final String POOR = "digdir:table/poor";

  /** What the table says: the values in a text stand in angle brackets. */
  record Row(String code, int status, String error, String text) {
    boolean fits(String issuer, HttpResponse<String> answer) {
      Map<String, ?> body = TestStack.json(answer);
      String begin = text.replaceAll("<[^>]+>", "\u0000");
      StringBuilder pattern = new StringBuilder("(?s)");
      for (String part : begin.split("\u0000", -1)) {
        pattern.append(pattern.length() == 4 ? "" : "\\S+").append(Pattern.quote(part));
      }
      String uri = code.equals("–") ? null : issuer + "errors/" + code;
      return answer.statusCode() == status
          && error.equals(body.get("error"))
          && Objects.equals(uri, body.get("error_uri"))
          && String.valueOf(body.get("error_description"))
              .matches(pattern + ".* \\(trace_id: [0-9a-f]{32}\\)");
    }
  }

  @Test
  void provokesEveryRow(@TempDir Path folder, @TempDir Path data) throws IOException {
    TestAuthority root = TestOrder.root("Test Root CA");
    Path anchors = folder.resolve("anchors.pem");
    TestOrder.writeAnchors(anchors, root);
    List<Row> rows = rows();
    assertThat(rows).hasSizeGreaterThan(25);
    List<Row> provoked = new ArrayList<>();
    try (MaskinportenRows registered =
        MaskinportenRows.in(
            TestStore.in(data),
            it -> TestStack.withMaskinporten(it, own -> own.withFiles(anchors, null)))) {
      String issuer = registered.stack().addresses().maskinportenIssuer();
      provoke(registered, root)
          .forEach((name, answer) -> {
            List<Row> fitting = rows.stream().filter(row -> row.fits(issuer, answer)).toList();
            assertThat(fitting).as("%s: %s", name, answer.body()).hasSize(1);
            provoked.add(fitting.get(0));
          });
    }
    assertThat(provoked).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(rows);
  }

  private static Map<String, HttpResponse<String>> provoke(
      MaskinportenRows rows, TestAuthority root) {
    TestStack stack = rows.stack();
    long now = stack.clock().seconds();
    rows.scope(OWN, Map.of(), BRG);
    rows.scope(SHARED, Map.of("delegation_source", SOURCE), TTD);
    rows.scope(LOGIN, Map.of("allowed_integration_types", List.of("idporten")), BRG);
    rows.scope(POOR, Map.of());
    TestStack.Client client = rows.client(BRG, OWN, SHARED, LOGIN, POOR);
    TestStack.Client old =
        rows.client(BRG, Map.of(), TestClock.START.minus(Duration.ofDays(1)), OWN);
    TestStack.Client without = rows.client(BRG, OWN);
    rows.tables().clients().putKeys(without.id(), List.of());
    String good = stack.grant(client, OWN).compact();

    Map<String, TokenForge> grants = new LinkedHashMap<>();
    grants.put("unknown claim", stack.grant(client, OWN).claim("consumer_orgno", TTD));
    grants.put("unknown client", stack.grant(new TestStack.Client("nobody", client.key()), OWN));
    grants.put("unknown key", stack.grant(client, OWN).header("kid", "other"));
    grants.put("no kid", certified(stack, client, TestOrder.of(BRG).by(root)));
    grants.put("audience", stack.grant(client, OWN).claim("aud", "https://maskinporten.no/"));
    grants.put("stranger", certified(stack, without, TestOrder.of(BRG).by(TestOrder.root("X"))));
    grants.put("old key", stack.grant(old, OWN));
    grants.put("another organisation", certified(stack, without, TestOrder.of(DIGDIR).by(root)));
    grants.put("x5c", certified(stack, without, TestOrder.of(BRG).by(root)).header("x5c", "AAAA"));
    grants.put("signature", stack.grant(client, OWN).signedWith(RemoteIssuer.newKey()));
    grants.put("expired", stack.grant(client, OWN).claim("iat", now - 60).claim("exp", now - 11));
    grants.put("too early", stack.grant(client, OWN).claim("iat", now + 11));
    grants.put("too long", stack.grant(client, OWN).claim("exp", now + 121));
    grants.put("backwards", stack.grant(client, OWN).claim("exp", now - 1));
    grants.put("scope", stack.grant(client, "digdir:table/unknown"));
    grants.put("kind", stack.grant(client, LOGIN));
    grants.put("access", stack.grant(client, POOR));
    grants.put("delegation", stack.grant(client, SHARED).claim("consumer_org", TTD));
    grants.put("own consumer", stack.grant(client, SHARED).claim("consumer_org", BRG));
    grants.put("type", details(stack.grant(client, OWN), Map.of("type", "x")));
    grants.put(
        "fields", details(stack.grant(client, OWN), Map.of("type", "urn:altinn:systemuser")));
    grants.put(
        "values",
        details(
            stack.grant(client, OWN),
            Map.of("type", "urn:altinn:consent", "id", "x", "from", "y")));
    grants.put("target", stack.grant(client, OWN).claim("resource", "orders"));

    Map<String, HttpResponse<String>> answers = new LinkedHashMap<>();
    grants.forEach((name, grant) -> answers.put(name, stack.requestToken(grant.compact())));
    MaskinportenClientFixture.claims(stack.requestToken(good));
    answers.put("replay", stack.requestToken(good));
    answers.put("grant type", stack.form(TOKEN, "grant_type", "x", "assertion", good));
    answers.put("request", stack.form(TOKEN, "grant_type", JWT_BEARER));
    answers.put("size", stack.post(TOKEN, "x".repeat(65_537), "Content-Type", FORM));
    rows.sql("ALTER TABLE audit RENAME TO audit_away");
    answers.put("store", stack.requestToken(stack.grant(client, OWN).compact()));
    rows.sql("ALTER TABLE audit_away RENAME TO audit");
    return answers;
  }

  private static TokenForge certified(TestStack stack, TestStack.Client client, Issued issued) {
    TestStack.Client same = new TestStack.Client(client.id(), TestOrder.rsaKey(issued));
    return stack.grant(same, OWN).withoutHeader("kid").header("x5c", issued.x5c());
  }

  private static TokenForge details(TokenForge grant, Map<String, ?> detail) {
    return grant.claim("authorization_details", List.of(detail));
  }

  private static List<Row> rows() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "protocol", "maskinporten-token.md"));
    return ROW.matcher(page)
        .results()
        .map(it -> new Row(it.group(1), Integer.parseInt(it.group(2)), it.group(3), it.group(4)))
        .toList();
  }
}

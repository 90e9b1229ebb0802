package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.database.Database;
import no.portvakt.server.exchange.OfflineExplanation;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.KeySet;
import no.portvakt.tokens.NumericDate;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.TrustedIssuer;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt explain}: why a token was, or would be, granted or refused. */
@Command(
    name = "explain",
    description = "Say why: each rule of a decision with what it compared.",
    mixinStandardHelpOptions = true)
final class ExplainCommand implements Callable<Integer> {
  private static final int LARGEST = 1024 * 1024;

  @Parameters(
      paramLabel = "DECISION",
      arity = "0..1",
      description = "The decision id (or trace id) that the caller was told.")
  @Nullable String decision;

  @Option(
      names = "--token",
      paramLabel = "FILE|-",
      description = "Explain a token in a file or on standard input instead, without a server.")
  @Nullable String token;

  @Option(names = "--jwks", description = "With --token: the issuer's keys, a file.")
  @Nullable Path jwks;

  @Option(
      names = "--issuer",
      description = "With --token: the issuer to believe. Default: the one that it names.")
  @Nullable String issuer;

  @Mixin StoreOptions store = new StoreOptions();

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Logging.start(Logging.Format.TEXT);
    PrintWriter out = spec.commandLine().getOut();
    if ((decision == null) == (token == null)) {
      throw new CannotDo("Give a decision id or --token, one of them.");
    }
    return decision != null
        ? explainDecision(decision, out)
        : explainToken(read(String.valueOf(token)), out);
  }

  private int explainDecision(String id, PrintWriter out) {
    try (Database database = StoreOptions.open(store.settings())) {
      List<AuditTable.Entry> entries = new AuditTable(database).byDecision(id);
      if (entries.isEmpty()) {
        throw new CannotDo("There is no decision of that id in the store.");
      }
      for (AuditTable.Entry entry : entries) {
        AuditCommand.members(entry)
            .forEach((name, value) -> {
              if (!name.equals("rules")) {
                out.printf("%-13s %s%n", name, value); // masked when it was kept
              }
            });
        out.println();
        if (AuditCommand.members(entry).get("rules") instanceof List<?> rules) {
          for (Object rule : rules) {
            if (rule instanceof List<?> it && it.size() >= 3) {
              print(out, "held".equals(it.get(1)), it.get(0), it.get(2), it.get(it.size() - 1));
            }
          }
        }
      }
    }
    out.flush();
    return 0;
  }

  private int explainToken(String text, PrintWriter out) {
    RuleTrace trace = new RuleTrace();
    CompactJws jws;
    try {
      jws = CompactJws.parse(text);
    } catch (MalformedToken e) {
      print(out, false, "token.form", "a compact JWS", e.sentence());
      out.println(e.sentence());
      out.flush();
      return 1;
    }
    printMembers(out, "header", jws.header());
    printMembers(out, "claims", jws.unverifiedClaims());
    Object named = jws.unverifiedClaims().get(ClaimNames.ISSUER);
    String believed = issuer != null ? issuer : named instanceof String it ? it : "";
    List<VerificationKey> keys = keys();
    String sentence =
        OfflineExplanation.of(
            text,
            new TrustedIssuer(
                believed.isBlank() ? "(none)" : believed,
                TrustedIssuer.RSA_ALGORITHMS,
                KeySet.of(keys),
                Set.of()),
            InstantSource.system(),
            trace);
    for (RuleTrace.Rule rule : trace.rules()) {
      print(out, rule.held(), rule.name(), rule.expected(), rule.actual());
    }
    out.println();
    out.println(sentence);
    if (keys.isEmpty()) {
      out.println("No keys were given, so no rule from the key on ran; give them with --jwks.");
    }
    out.flush();
    return trace.firstFailure() == null ? 0 : 1;
  }

  private List<VerificationKey> keys() {
    if (jwks == null) {
      return List.of();
    }
    try {
      return VerificationKey.fromJwkSet(Files.readString(jwks));
    } catch (ParseException e) {
      throw new CannotDo("The file " + jwks + " is no JWK set.");
    } catch (IOException e) {
      throw new CannotDo("The keys in " + jwks + " can't be read.");
    }
  }

  private static String read(String name) {
    String text = new String(Input.read(name, LARGEST), StandardCharsets.UTF_8).strip();
    // What people paste: a JSON string from a log, or the whole header value.
    text =
        text.startsWith("\"") && text.endsWith("\"") && text.length() > 1
            ? text.substring(1, text.length() - 1)
            : text;
    return text.regionMatches(true, 0, "Bearer ", 0, 7) ? text.substring(7).strip() : text;
  }

  private static void printMembers(
      PrintWriter out, String title, Map<String, @Nullable Object> members) {
    out.println(title);
    members.forEach((name, value) ->
        out.printf(
            "  %-20s %s%s%n",
            RuleTrace.printable(name), RuleTrace.printable(value), time(name, value)));
    out.println();
  }

  private static String time(String name, @Nullable Object value) {
    boolean isTime = Set.of("exp", "iat", "nbf", "auth_time").contains(name);
    Long seconds = isTime ? NumericDate.seconds(value) : null;
    return seconds == null ? "" : "  (" + Instant.ofEpochSecond(seconds) + ")";
  }

  private static void print(
      PrintWriter out,
      boolean held,
      @Nullable Object rule,
      @Nullable Object expected,
      @Nullable Object actual) {
    out.printf("%-7s %-26s expected: %s%n", held ? "held" : "FAILED", rule, expected);
    out.printf("%-34s actual:   %s%n", "", actual);
  }
}

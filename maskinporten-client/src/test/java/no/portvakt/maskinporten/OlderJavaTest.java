package no.portvakt.maskinporten;

import static java.nio.charset.StandardCharsets.UTF_8;
import static no.portvakt.maskinporten.Maskinporten.EXCHANGE;
import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.reply;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWK;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import no.portvakt.tokens.Json;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * The library on the Java that it promises to run on, with nothing but its own dependencies;
 * skipped where no JDK 17 is found.
 */
class OlderJavaTest {
  private static final Pattern VARIABLE = Pattern.compile("JAVA_?17_HOME|JAVA_HOME_17(_.+)?");
  private static final Pattern VERSION = Pattern.compile("(?m)^JAVA_VERSION=\"17[.\"]");

  @Test
  void getsAndExchangesATokenOnJava17() throws Exception {
    Path java = java17();
    String claims = Json.write(Map.of("exp", Instant.now().getEpochSecond() + 1800));
    String platformToken =
        "eyJhbGciOiJSUzI1NiJ9."
            + Base64.getUrlEncoder().withoutPadding().encodeToString(claims.getBytes(UTF_8))
            + ".c2ln";
    try (Maskinporten maskinporten = new Maskinporten()) {
      maskinporten.server.at(TOKEN, token("proof", 120));
      maskinporten.server.at(EXCHANGE, reply(200, "text/plain", platformToken));
      ProcessBuilder builder =
          new ProcessBuilder(
              java.toString(), "-cp", classPath(), OlderJava.class.getName(), "altinn:read");
      builder
          .environment()
          .putAll(
              Map.of(
                  "MASKINPORTEN_CLIENT_ID",
                  Maskinporten.CLIENT,
                  "MASKINPORTEN_CLIENT_JWK",
                  Maskinporten.KEY.toJSONString(),
                  "MASKINPORTEN_WELL_KNOWN_URL",
                  maskinporten.server.base() + Maskinporten.METADATA,
                  "MASKINPORTEN_PLATFORM_URL",
                  maskinporten.server.base()));
      Process process = builder.redirectErrorStream(true).start();
      process.getOutputStream().close();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(said.lines()).containsExactly("Java 17", "proof kept", platformToken);
      assertThat(maskinporten.requests())
          .singleElement()
          .satisfies(it -> assertThat(it.grant().header()).containsEntry("kid", "key-1"));
    }
  }

  /** The program of a JDK 17: one that a variable names, or one beside the JDK of this process. */
  private static Path java17() throws IOException {
    List<Path> homes = new ArrayList<>();
    System.getenv()
        .forEach((name, value) -> {
          if (VARIABLE.matcher(name).matches()) {
            homes.add(Path.of(value));
          }
        });
    Path beside = Path.of(System.getProperty("java.home")).getParent();
    if (beside != null) {
      try (Stream<Path> others = Files.list(beside)) {
        homes.addAll(others.sorted().toList());
      }
    }
    for (Path home : homes) {
      Path java = home.resolve("bin").resolve("java");
      Path release = home.resolve("release");
      if (Files.isExecutable(java)
          && Files.isRegularFile(release)
          && VERSION.matcher(Files.readString(release)).find()) {
        return java;
      }
    }
    Assumptions.abort(
        "This test needs a JDK 17 beside the one in use, or the variable JAVA_17_HOME");
    throw new AssertionError();
  }

  /** The library, its dependencies, and the program; the annotations are not needed to run. */
  private static String classPath() throws URISyntaxException {
    List<String> places = new ArrayList<>();
    for (Class<?> type :
        List.of(MaskinportenClient.class, Json.class, JWK.class, OlderJava.class)) {
      places.add(
          Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI()).toString());
    }
    return String.join(File.pathSeparator, places);
  }
}

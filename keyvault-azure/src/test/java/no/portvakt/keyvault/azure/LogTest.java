package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.stream.Collectors;
import no.portvakt.keyvault.azure.StandInVault.Answer;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/**
 * What Microsoft's libraries write at their most talkative, with a process environment that asks
 * for the bodies of requests and answers (the build sets AZURE_HTTP_LOG_DETAIL_LEVEL).
 */
final class LogTest extends VaultFixture {
  private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();

  @BeforeEach
  void listen() {
    assertThat(System.getenv("AZURE_HTTP_LOG_DETAIL_LEVEL")).isEqualTo("BODY_AND_HEADERS");
    log.start();
    root.addAppender(log);
    root.setLevel(Level.TRACE);
  }

  @AfterEach
  void stopListening() {
    root.setLevel(Level.OFF);
    root.detachAppender(log);
  }

  @Test
  void writesNoKeyThatIsRead() throws Exception {
    Issued issued = Issued.rsa();
    vault.put(version(1, issued), PEM, issued.keyPem() + issued.certificatePem());
    keys.load();

    hasNot(issued.keyPem().lines().skip(1).limit(5).toList());
  }

  @Test
  void writesNoKeyThatIsOfNoUse() {
    Issued issued = Issued.rsa();
    vault.put(version(1, issued), PEM, issued.keyPem());
    fails();

    hasNot(issued.keyPem().lines().skip(1).limit(5).toList());
  }

  @Test
  void writesNothingOfAnAnswerThatIsNone() {
    put(1);
    vault.answer(path -> path.startsWith("/secrets/"), Answer.json(200, "{\"value\":S3CRET}"));
    fails();

    hasNot(List.of("S3CRET"));
  }

  @Test
  void writesNoTokenWhenTheVaultRefuses() {
    put(1);
    vault.answer(path -> true, Answer.error(500, "InternalServerError", null));
    fails();

    assertThat(written()).contains("Retry attempts have been exhausted");
    hasNot(List.of());
  }

  private void fails() {
    try {
      keys.load();
    } catch (KeySourceUnavailable e) {
      return;
    }
    throw new AssertionError("The source should have had nothing.");
  }

  private void hasNot(List<String> secrets) {
    String written = written();
    assertThat(written).isNotEmpty().doesNotContain(StandInVault.TOKEN);
    assertThat(secrets).allSatisfy(secret -> assertThat(written).doesNotContain(secret));
  }

  private String written() {
    List<ILoggingEvent> events;
    synchronized (log) { // it adds under its own lock, on threads of the libraries too
      events = List.copyOf(log.list);
    }
    return events.stream()
        .map(event ->
            event.getFormattedMessage()
                + event.getKeyValuePairs()
                + (event.getThrowableProxy() == null
                    ? ""
                    : ThrowableProxyUtil.asString(event.getThrowableProxy())))
        .collect(Collectors.joining("\n"));
  }
}

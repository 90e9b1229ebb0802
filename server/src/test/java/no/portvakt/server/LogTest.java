package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Our own log lines: with the decision they tell of, and never with a token. */
class LogTest {
  private final Lines lines = new Lines();

  /** Keeps each line with its key-value pairs and its exception. */
  private static final class Lines extends AppenderBase<ILoggingEvent> {
    final Queue<String> all = new ConcurrentLinkedQueue<>();

    @Override
    protected void append(ILoggingEvent event) {
      all.add(
          event.getLevel()
              + " "
              + event.getLoggerName()
              + " "
              + event.getFormattedMessage()
              + " "
              + event.getKeyValuePairs()
              + " "
              + (event.getThrowableProxy() == null ? "" : event.getThrowableProxy().getMessage()));
    }
  }

  @BeforeEach
  void listen() {
    lines.start();
    ours().setLevel(Level.TRACE);
    ours().setAdditive(false);
    ours().addAppender(lines);
  }

  @AfterEach
  void stop() {
    ours().detachAppender(lines);
    ours().setAdditive(true);
    ours().setLevel(null);
  }

  @Test
  void namesTheDecisionThatCouldNotBeMade() {
    try (TestStack stack = TestStack.start()) {
      stack.remote().answerKeysWith(500, "");
      HttpResponse<String> answer = stack.exchange(stack.forge().compact());
      assertThat(answer.statusCode()).isEqualTo(503);
      Object decision = TestStack.json(answer).get("decision_id");
      assertThat(lines.all)
          .anySatisfy(it ->
              assertThat(it)
                  .startsWith("WARN ")
                  .contains("decision_id=\"" + decision + "\"", stack.remote().issuer()));
    }
  }

  @Test
  void neverShowsATokenOrASecret() {
    List<String> secrets = new ArrayList<>();
    try (TestStack stack = TestStack.start()) {
      secrets.add(stack.forge().compact());
      secrets.add(stack.forge().withSignatureBitFlipped());
      secrets.add(stack.forge().claim("iss", stack.forge().compact()).compact());
      secrets.add(stack.forge().header("kid", stack.forge().compact()).compact());
      secrets.add(stack.forge().without("exp").compact() + "=");
      for (String proof : List.copyOf(secrets)) {
        HttpResponse<String> answer = stack.exchange(proof);
        if (answer.statusCode() == 200) {
          secrets.add(answer.body());
        }
      }
      secrets.add(stack.adminToken());
      stack.remote().answerKeysWith(500, "");
      stack.clock().advance(java.time.Duration.ofDays(2));
      secrets.add(stack.forge().compact());
      assertThat(stack.exchange(secrets.getLast()).statusCode()).isEqualTo(503);
    }
    String all = String.join("\n", lines.all);
    for (String secret : secrets) {
      for (String part : secret.split("\\.", -1)) {
        assertThat(all).doesNotContain(part.substring(0, Math.min(16, part.length())));
      }
    }
  }

  private static Logger ours() {
    return (Logger) LoggerFactory.getLogger("no.portvakt");
  }
}

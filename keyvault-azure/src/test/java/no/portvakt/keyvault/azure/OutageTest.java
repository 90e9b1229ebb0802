package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import no.portvakt.keyvault.azure.LastGood.Seen;
import no.portvakt.keyvault.azure.StandInVault.Answer;
import no.portvakt.keyvault.azure.StandInVault.Version;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vault answered once, and then something goes wrong. */
final class OutageTest extends VaultFixture {
  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 429, 500, 503})
  void keepsTheLastGoodKeysWhenTheListIsRefused(int status) throws Exception {
    List<KeyMaterial> before = loaded();
    vault.answer(path -> path.endsWith("/versions"), Answer.error(status, "Any", null));

    keeps(before);
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 429, 500, 503})
  void keepsTheLastGoodKeysWhenASecretIsRefused(int status) throws Exception {
    List<KeyMaterial> before = loaded();
    vault.answer(path -> path.startsWith("/secrets/"), Answer.error(status, "Any", null));

    keeps(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "<html>", "{}", "{\"value\":[]}", "{\"value\":[{}]}"})
  void keepsTheLastGoodKeysWhenTheListIsNone(String body) throws Exception {
    List<KeyMaterial> before = loaded();
    vault.answer(path -> path.endsWith("/versions"), Answer.json(200, body));

    keeps(before);
  }

  @Test
  void keepsTheLastGoodKeysWhenTheVaultIsSilent() throws Exception {
    keepsWhenTheVaultStops(path -> true, Answer.never());
  }

  @Test
  void keepsTheLastGoodKeysWhenTheListBreaksOff() throws Exception {
    keepsWhenTheVaultStops(path -> path.endsWith("/versions"), Answer.half());
  }

  @Test
  void keepsTheLastGoodKeysWhenTheVaultIsGone() throws Exception {
    List<KeyMaterial> before = loaded();
    vault.close();

    keeps(before);
  }

  @Test
  void keepsTheLastGoodKeysWhenNoVersionIsLeft() throws Exception {
    Issued issued = Issued.rsa();
    Version version = version(1, issued);
    vault.put(version, PKCS12, issued.pkcs12());
    List<KeyMaterial> before = keys.load();
    vault.replace(version, disabled(version));

    keeps(before);
  }

  @Test
  void goesOnWithoutAVersionOfNoUseAndComplains() throws Exception {
    Issued good = put(1);
    Issued bad = Issued.rsa();
    vault.put(version(2, bad), PKCS12, bad.pkcs12WithoutKey());

    assertThat(keys.load())
        .singleElement()
        .extracting(KeyMaterial::certificate)
        .isEqualTo(good.certificate());
    assertThat(keys.problem()).contains("holds no private key").endsWith(".");
  }

  @Test
  void goesOnWithoutAVersionWhoseSecretIsMissingAndComplains() throws Exception {
    put(1);
    put(2);
    vault.forgetSecret("signing/" + version(2, null).id());

    assertThat(keys.load()).hasSize(1);
    assertThat(keys.problem()).contains("has not got the secret \"signing\"");
  }

  @Test
  void keepsTheKeyOfAVersionThatCameToBeOfNoUseAndConfirmsTheOthers() throws Exception {
    Issued first = Issued.rsa();
    vault.put(version(1, first), PKCS12, first.pkcs12());
    put(2);
    put(3);
    List<KeyMaterial> before = keys.load();
    assertThat(keys.confirmed()).hasSize(3);
    vault.forgetSecret("signing/" + version(3, null).id());
    vault.replace(version(1, first), disabled(version(1, first)));
    clock.pass(REFRESH);

    List<KeyMaterial> after = keys.load();

    assertThat(after)
        .extracting(KeyMaterial::keyId)
        .containsExactly(before.get(1).keyId(), before.get(2).keyId());
    assertThat(keys.confirmed()).containsExactly(before.get(1).keyId());
    assertThat(keys.problem()).contains("has not got the secret \"signing\"");
  }

  @Test
  void recoversSoonAfterAFailure() throws Exception {
    loaded();
    vault.answer(path -> true, Answer.error(429, "Throttled", null));
    clock.pass(REFRESH);
    keys.load();
    assertThat(keys.problem()).contains("status 429");
    vault.recover();
    put(2);

    clock.pass(Duration.ofSeconds(30));

    assertThat(keys.load()).hasSize(2);
    assertThat(keys.confirmed()).hasSize(2);
    assertThat(keys.problem()).isNull();
  }

  @Test
  void oneLooksWhileTheOthersGoOnWithWhatIsThere() throws Exception {
    CountDownLatch looking = new CountDownLatch(1);
    CountDownLatch answered = new CountDownLatch(1);
    AtomicInteger looks = new AtomicInteger();
    try (LastGood<String> source =
        new LastGood<>(
            () -> {
              if (looks.incrementAndGet() == 1) {
                return new Seen<>("old", null);
              }
              looking.countDown();
              await(answered);
              return new Seen<>("new", null);
            },
            vault.vault(),
            REFRESH,
            clock)) {
      source.get();
      clock.pass(REFRESH);
      ExecutorService threads = Executors.newCachedThreadPool();
      try {
        Future<String> slow = threads.submit(source::get);
        await(looking);

        assertThat(source.get()).isEqualTo("old");

        answered.countDown();
        assertThat(slow.get(60, TimeUnit.SECONDS)).isEqualTo("new");
        assertThat(looks).hasValue(2);
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void whoHasNothingWaitsForTheOneThatLooks() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    try (LastGood<String> source =
        new LastGood<>(
            () -> new Seen<>("look " + looks.incrementAndGet(), null),
            vault.vault(),
            REFRESH,
            clock)) {
      ExecutorService threads = Executors.newFixedThreadPool(8);
      try {
        List<Future<String>> all =
            IntStream.range(0, 8).mapToObj(i -> threads.submit(source::get)).toList();
        for (Future<String> one : all) {
          assertThat(one.get(60, TimeUnit.SECONDS)).isEqualTo("look 1");
        }
      } finally {
        threads.shutdownNow();
      }
    }
  }

  @Test
  void refusesToPileUpLooksThatDoNotStop() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    AtomicInteger looks = new AtomicInteger();
    try (LastGood<String> source =
        new LastGood<>(
            () -> {
              looks.incrementAndGet();
              boolean ended = false;
              while (!ended) {
                try {
                  end.await();
                  ended = true;
                } catch (InterruptedException e) {
                  // deaf on purpose
                }
              }
              return new Seen<>("late", null);
            },
            vault.vault(Duration.ofMillis(400)),
            REFRESH,
            clock)) {
      for (int i = 0; i < 3; i++) {
        assertThatThrownBy(source::get)
            .isInstanceOf(KeySourceUnavailable.class)
            .hasMessageContaining("takes too long to answer.");
        clock.pass(REFRESH);
      }

      assertThat(looks).hasValue(1);
    } finally {
      end.countDown();
    }
  }

  @Test
  void refusesWithoutTheWordsOfAnUnexpectedException() {
    try (LastGood<String> source =
        new LastGood<>(
            () -> {
              throw new IllegalStateException("SECRET");
            },
            vault.vault(),
            REFRESH,
            clock)) {
      assertThatThrownBy(source::get)
          .isInstanceOf(KeySourceUnavailable.class)
          .hasNoCause()
          .hasMessage("The answer of the key vault " + StandInVault.HOST + " can't be read.");
    }
  }

  private List<KeyMaterial> loaded() throws KeySourceUnavailable {
    put(1);
    List<KeyMaterial> loaded = keys.load();
    assertThat(loaded).hasSize(1);
    assertThat(keys.problem()).isNull();
    return loaded;
  }

  // The first look's connection and classes are there before anybody is in a hurry.
  private void keepsWhenTheVaultStops(Predicate<String> path, Answer answer)
      throws KeySourceUnavailable {
    loaded();
    AzureVault hasty = vault.vault(Duration.ofSeconds(1));
    try (AzureKeyVaultKeys source = new AzureKeyVaultKeys(hasty, "signing", REFRESH, clock)) {
      List<KeyMaterial> before = source.load();
      vault.answer(path, answer);

      keeps(source, before);
    }
  }

  private void keeps(List<KeyMaterial> before) throws KeySourceUnavailable {
    keeps(keys, before);
  }

  private void keeps(AzureKeyVaultKeys source, List<KeyMaterial> before)
      throws KeySourceUnavailable {
    clock.pass(REFRESH);
    assertThat(source.confirmed()).hasSameSizeAs(before);
    assertThat(source.load()).isSameAs(before);
    assertThat(source.confirmed()).isEmpty();
    assertThat(source.problem()).isNotNull().endsWith(".").doesNotContain("SECRET");
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(60, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}

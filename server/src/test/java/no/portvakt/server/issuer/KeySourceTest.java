package no.portvakt.server.issuer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import no.portvakt.server.LogLines;
import no.portvakt.server.SigningKeyFile;
import no.portvakt.server.TestClock;
import no.portvakt.server.TestStore;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyNode.Setup;
import no.portvakt.server.issuer.KeyRing.NoSigningKey;
import no.portvakt.server.issuer.KeyRotation.Mode;
import no.portvakt.server.issuer.KeySchedule.UnsafeStep;
import no.portvakt.server.issuer.KeyStorage.External;
import no.portvakt.tokens.KeyFile;
import no.portvakt.tokens.KeyFiles;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeySource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Signing keys from files: taken over by the same rules, kept while the files are bad. */
class KeySourceTest {
  private static final Duration REFRESH = Duration.ofSeconds(30);
  private static final Duration OUTAGE = Duration.ofDays(1);
  private static final Duration YEAR = Duration.ofDays(365);

  @SuppressWarnings("NullAway.Init") // before the first test
  private static TestStore store;

  private final TestClock clock = new TestClock();
  private final Path folder;
  private final Database database;
  private final List<KeyNode> nodes = new ArrayList<>();
  private final SigningKeyFile first =
      SigningKeyFile.of("secp256r1", TestClock.START.minusSeconds(60));
  private final Path file;

  @BeforeAll
  static void make(@TempDir Path folder) {
    store = TestStore.in(folder);
  }

  KeySourceTest(@TempDir Path folder) {
    this.folder = folder;
    database = store.open();
    file = first.writePem(folder.resolve("key.pem"));
  }

  @AfterEach
  void close() {
    nodes.forEach(KeyNode::close);
    database.close();
    store.sql("DELETE FROM signing_key");
  }

  private KeyNode node(KeyFile... files) {
    return node(
        Setup.plain()
            .withExternal(
                new External(
                    "files", new KeyFiles(List.of(files), REFRESH, clock), OUTAGE, clock)));
  }

  private KeyNode node(Setup setup) {
    KeyNode node = new KeyNode(database, clock, setup);
    nodes.add(node);
    return node.start();
  }

  private List<String> tend(KeyNode node) {
    clock.advance(REFRESH);
    return node.tend();
  }

  @Test
  void signsWithTheKeyOfTheFileAtOnceWhenItIsTheFirst() {
    KeyNode node = node(KeyFile.of(file));
    assertThat(node.active()).isEqualTo(first.keyId());
    assertThat(node.row(first.keyId()))
        .returns("files", it -> it.source())
        .returns("", it -> it.privateKey());
    assertThat(tend(node)).isEmpty();
  }

  @Test
  void adoptsTheNewestCertificateAfterVerifiersCanHaveSeenIt() {
    KeyNode node = node(KeyFile.of(file));
    SigningKeyFile second = SigningKeyFile.of("secp256r1", clock.instant());
    second.writePem(file);
    assertThat(tend(node)).isNotEmpty();
    assertThat(node.published()).containsExactly(first.keyId(), second.keyId());
    clock.advance(KeyNode.READY.minusMillis(1));
    node.tend();
    assertThat(node.active()).as("a file was replaced, not taken away").isEqualTo(first.keyId());
    clock.advance(Duration.ofMillis(1));
    assertThat(node.active()).isEqualTo(second.keyId());
    node.tend();
    assertThat(node.published()).containsExactly(second.keyId(), first.keyId());
    clock.advance(OUTAGE.plus(KeyNode.LONGEST_TOKEN).plus(KeyNode.SKEW));
    assertThat(node.published()).containsExactly(second.keyId());
    assertThat(tend(node)).isEmpty();
  }

  @Test
  void adoptsTheNewestOfSeveralFilesAndKeepsTheOthersOutOfUse() {
    SigningKeyFile second = SigningKeyFile.of("secp256r1", clock.instant().minusSeconds(9));
    Path password = write(folder.resolve("password"), "secret\n");
    Path store = second.writePkcs12(folder.resolve("key.p12"), "secret");
    KeyNode node = node(KeyFile.of(store).withPasswordFile(password), KeyFile.of(file));
    assertThat(node.active()).isEqualTo(second.keyId());
    assertThat(node.published()).containsExactly(second.keyId());
  }

  @Test
  void adoptsTheLastOfTwoKeysThatFollowedFast() {
    KeyNode node = node(KeyFile.of(file));
    SigningKeyFile second = SigningKeyFile.of("secp256r1", clock.instant());
    second.writePem(file);
    tend(node);
    SigningKeyFile third = SigningKeyFile.of("secp256r1", clock.instant());
    third.writePem(file);
    tend(node);
    for (int minutes = 0; minutes <= 62; minutes++) {
      assertThat(node.active()).isIn(first.keyId(), second.keyId(), third.keyId());
      clock.advance(Duration.ofMinutes(1));
      node.tend();
    }
    assertThat(node.active()).isEqualTo(third.keyId());
    assertThat(node.all("current")).containsExactly(third.keyId());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "garbage", "-----BEGIN PRIVATE KEY-----\nMIG", "RSA1024", "secp256k1", "gone"})
  void keepsTheLastGoodKeyWhileTheFileIsBad(String content) throws IOException {
    KeyNode node = node(KeyFile.of(file));
    if (content.equals("gone")) {
      Files.delete(file);
    } else if (content.equals("RSA1024")) {
      SigningKeyFile.of("RSA1024", clock.instant()).writePem(file);
    } else {
      write(file, content);
    }
    assertThat(tend(node)).isEmpty();
    assertThat(node.active()).isEqualTo(first.keyId());
    assertThat(node.storage.problem()).contains("key.pem").doesNotContain("MIG");
    first.writePem(file);
    tend(node);
    assertThat(node.storage.problem()).isNull();
  }

  @Test
  void stopsSigningWhenTheOutageIsOverAndGoesOnWhenTheFileIsBack() {
    KeyNode node = node(KeyFile.of(file));
    write(file, "garbage");
    clock.advance(OUTAGE.minusMillis(1));
    node.tend();
    assertThat(node.active()).isEqualTo(first.keyId());
    clock.advance(Duration.ofMillis(1));
    node.tend();
    assertThatExceptionOfType(NoSigningKey.class).isThrownBy(node::active);
    assertThat(node.published()).as("tokens live on").containsExactly(first.keyId());
    first.writePem(file);
    tend(node);
    assertThat(node.active()).isEqualTo(first.keyId());
  }

  private KeyNode nodeOfTwoAlgorithms(KeySource source) {
    return node(
        Setup.plain()
            .withAlgorithms("ES256", "PS256")
            .withExternal(new External("files", source, OUTAGE, clock)));
  }

  private KeyFiles files(Path... paths) {
    return new KeyFiles(Stream.of(paths).map(KeyFile::of).toList(), REFRESH, clock);
  }

  private static List<String> signing(KeyNode node) {
    return node.ring().keys().current().stream().map(SigningKey::keyId).toList();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void endsTheKeyOfABadFileAfterTheOutageAndNoOther(boolean preferredIsBad) {
    SigningKeyFile rsa = SigningKeyFile.of("RSA2048", clock.instant());
    Path other = rsa.writePem(folder.resolve("other.pem"));
    KeyNode node = nodeOfTwoAlgorithms(files(file, other));
    SigningKeyFile bad = preferredIsBad ? first : rsa;
    String good = preferredIsBad ? rsa.keyId() : first.keyId();
    write(preferredIsBad ? file : other, "garbage");
    clock.advance(OUTAGE.minusMillis(1));
    node.tend();
    assertThat(signing(node)).containsExactly(first.keyId(), rsa.keyId());
    clock.advance(Duration.ofMillis(1));
    node.tend();
    assertThat(signing(node)).containsExactly(good);
    assertThat(node.active()).isEqualTo(good);
    assertThat(node.published()).as("tokens live on").contains(bad.keyId());
    assertThat(node.storage.problem()).contains(preferredIsBad ? "key.pem" : "other.pem");
    clock.advance(OUTAGE.multipliedBy(3));
    node.tend();
    assertThat(node.active()).isEqualTo(good);
    bad.writePem(preferredIsBad ? file : other);
    tend(node);
    assertThat(signing(node)).containsExactly(first.keyId(), rsa.keyId());
  }

  @Test
  void signsOnWhenAFileIsBadWhoseKeyIsOutOfUse() {
    SigningKeyFile newer = SigningKeyFile.of("secp256r1", clock.instant());
    KeyNode node = node(KeyFile.of(file), KeyFile.of(newer.writePem(folder.resolve("newer.pem"))));
    write(file, "garbage");
    for (int day = 0; day < 3; day++) {
      clock.advance(OUTAGE);
      node.tend();
      assertThat(node.active()).isEqualTo(newer.keyId());
    }
  }

  @Test
  void stopsSigningWithAKeyThatIsTakenAwayWhileAnotherFileIsBad() {
    SigningKeyFile rsa = SigningKeyFile.of("RSA2048", clock.instant());
    Path other = rsa.writePem(folder.resolve("other.pem"));
    KeyNode node = nodeOfTwoAlgorithms(files(file, other));
    write(other, "garbage");
    SigningKeyFile.of("Ed25519", clock.instant()).writePem(file);
    tend(node);
    assertThat(signing(node)).containsExactly(rsa.keyId());
    assertThat(node.all("previous")).containsExactly(first.keyId());
    clock.advance(OUTAGE);
    node.tend();
    assertThatExceptionOfType(NoSigningKey.class).isThrownBy(node::active);
  }

  /** A source of which a part can't be read. */
  private static final class Partly implements KeySource {
    private final KeyMaterial key;
    private @Nullable String problem = "A version is left out.";

    Partly(SigningKeyFile key) {
      this.key = key.material();
    }

    @Override
    public List<KeyMaterial> load() {
      return List.of(key);
    }

    @Override
    public Set<String> confirmed() {
      return Set.of(key.keyId());
    }

    @Override
    public @Nullable String problem() {
      return problem;
    }

    @Override
    public void close() {}
  }

  @Test
  void doesNotStopAKeyThatItNeverSawWhileAPartCanNotBeRead() {
    SigningKeyFile rsa = SigningKeyFile.of("RSA2048", clock.instant());
    KeyNode node = nodeOfTwoAlgorithms(files(file, rsa.writePem(folder.resolve("other.pem"))));
    Partly source = new Partly(rsa);
    KeyNode other = nodeOfTwoAlgorithms(source);
    other.tend();
    assertThat(node.row(first.keyId()).signsUntil()).isNull();
    assertThat(signing(other)).containsExactly(rsa.keyId());
    source.problem = null;
    other.tend();
    assertThat(node.row(first.keyId()).signsUntil()).isNotNull();
  }

  @Test
  void saysOnceWhatIsWrongAndThatItIsWellAgain() {
    write(file, "garbage");
    try (LogLines log = LogLines.of(KeyStorage.class)) {
      KeyNode node = node(KeyFile.of(file));
      for (int i = 0; i < 5; i++) {
        tend(node);
      }
      assertThat(log.containing("source files of signing keys"))
          .singleElement()
          .asString()
          .startsWith("WARN ")
          .contains("key.pem");
      first.writePem(file);
      tend(node);
      tend(node);
      assertThat(log.containing("is well again")).hasSize(1);
      write(file, "garbage");
      tend(node);
      tend(node);
      assertThat(log.containing("key.pem")).hasSize(2);
    }
  }

  @Test
  void startsWithoutAKeyWhenTheFileIsBadAndSignsWhenItIsGood() {
    write(file, "garbage");
    KeyNode node = node(KeyFile.of(file));
    assertThatExceptionOfType(NoSigningKey.class).isThrownBy(node::active);
    first.writePem(file);
    tend(node);
    assertThat(node.active()).isEqualTo(first.keyId());
  }

  static Stream<SigningKeyFile> unfit() {
    return Stream.of(
        SigningKeyFile.of("secp256r1", TestClock.START.plus(YEAR)),
        SigningKeyFile.of("secp256r1", TestClock.START.minusSeconds(9), TestClock.START),
        SigningKeyFile.of("secp384r1", TestClock.START),
        SigningKeyFile.of("RSA2048", TestClock.START),
        SigningKeyFile.of("Ed25519", TestClock.START));
  }

  @ParameterizedTest
  @org.junit.jupiter.params.provider.MethodSource("unfit")
  void doesNotAdoptAKeyThatMayNotSign(SigningKeyFile unfit) {
    KeyNode node = node(KeyFile.of(file));
    unfit.writePem(folder.resolve("new.pem"));
    KeyNode other = node(KeyFile.of(file), KeyFile.of(folder.resolve("new.pem")));
    assertThat(tend(other)).isEmpty();
    assertThat(other.active()).isEqualTo(first.keyId());
    assertThat(other.published()).containsExactly(first.keyId());
    node.ring().reload();
    assertThat(node.active()).isEqualTo(first.keyId());
  }

  @Test
  void adoptsACertificateWhenItsTimeComes() {
    SigningKeyFile later = SigningKeyFile.of("secp256r1", clock.instant().plus(OUTAGE));
    later.writePem(folder.resolve("new.pem"));
    KeyNode node = node(KeyFile.of(folder.resolve("new.pem")), KeyFile.of(file));
    assertThat(node.active()).isEqualTo(first.keyId());
    clock.advance(OUTAGE);
    tend(node);
    assertThat(node.only("next")).isEqualTo(later.keyId());
  }

  @Test
  void takesAKeyForEachAlgorithmFromTheFiles() {
    SigningKeyFile rsa = SigningKeyFile.of("RSA2048", clock.instant());
    rsa.writePem(folder.resolve("rsa.pem"));
    KeyNode node = nodeOfTwoAlgorithms(files(file, folder.resolve("rsa.pem")));
    assertThat(node.active()).isEqualTo(first.keyId());
    assertThat(node.all("current")).containsExactlyInAnyOrder(first.keyId(), rsa.keyId());
    assertThat(node.row(rsa.keyId()).algorithm()).isEqualTo("PS256");
  }

  @Test
  void stopsSigningWithAKeyThatIsTakenAway() {
    SigningKeyFile second = SigningKeyFile.of("RSA2048", clock.instant());
    KeyNode node = node(KeyFile.of(file));
    second.writePem(file); // a good source, which has nothing for ES256 any more
    tend(node);
    assertThatExceptionOfType(NoSigningKey.class).isThrownBy(node::active);
    assertThat(node.only("previous")).isEqualTo(first.keyId());
  }

  @Test
  void refusesToMakeOrTakeAKeyBesideTheSource() {
    KeyNode node = node(KeyFile.of(file));
    for (Mode mode : Mode.values()) {
      assertThatThrownBy(() -> node.rotation.rotate("ES256", mode, false))
          .isInstanceOf(UnsafeStep.class)
          .hasMessage("The source files of signing keys has no newer key.");
    }
    SigningKeyFile other = SigningKeyFile.of("secp256r1", clock.instant());
    assertThatThrownBy(() -> node.rotation.bringIn(other.material(), "ES256", false))
        .isInstanceOf(UnsafeStep.class)
        .hasMessage("Signing keys come from files; put it there.");
    assertThat(node.all("current")).containsExactly(first.keyId());
  }

  @Test
  void movesFromTheStoreToFilesWithoutAGapAndBackWithOne() {
    KeyNode made = node(Setup.plain());
    String kept = made.active();
    KeyNode node = node(KeyFile.of(file));
    assertThat(node.active()).isEqualTo(kept);
    clock.advance(KeyNode.READY);
    assertThat(node.active()).isEqualTo(first.keyId());
    clock.advance(OUTAGE);
    KeyNode back = node(Setup.plain());
    assertThatExceptionOfType(NoSigningKey.class).isThrownBy(back::active);
    clock.advance(KeyNode.READY);
    assertThat(back.active()).isEqualTo(back.only("current")).isNotEqualTo(first.keyId());
  }

  private static Path write(Path file, String content) {
    try {
      return Files.writeString(file, content);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}

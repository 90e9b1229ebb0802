package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFilesTest {
  private static final Duration INTERVAL = Duration.ofSeconds(5);
  private static final Issued FIRST = Issued.selfSigned("secp256r1");
  private static final Issued SECOND =
      Issued.selfSigned(Issued.pair("secp256r1"), Issued.BEGIN.plusSeconds(60));

  private final AtomicReference<Instant> now = new AtomicReference<>(Issued.BEGIN);
  @TempDir private Path directory = Path.of("");

  private KeyFiles files(KeyFile... files) {
    return new KeyFiles(List.of(files), INTERVAL, now::get);
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(directory.resolve(name), text);
  }

  private Path write(String name, byte[] bytes) throws IOException {
    return Files.write(directory.resolve(name), bytes);
  }

  private void pass() {
    now.updateAndGet(time -> time.plus(INTERVAL));
  }

  private static List<String> ids(KeyFiles source) throws KeySourceUnavailable {
    return source.load().stream().map(KeyMaterial::keyId).toList();
  }

  private KeyFile withPassword(Path file, String password) throws IOException {
    return KeyFile.of(file).withPasswordFile(write(file.getFileName() + ".password", password));
  }

  private static void isUnavailable(KeyFiles source, String sentence) {
    assertThatExceptionOfType(KeySourceUnavailable.class)
        .isThrownBy(source::load)
        .withMessageContaining(sentence);
    assertThat(source.problem()).contains(sentence);
  }

  @Test
  void readsEachFormAndPutsTheNewestLast() throws Exception {
    Issued third = Issued.selfSigned(Issued.pair("Ed25519"), Issued.BEGIN.minusSeconds(60));
    Path pem = write("pem", SECOND.encryptedKeyPem("two") + SECOND.chainPem());
    Path p12 = write("p12", FIRST.pkcs12("one"));
    Path key = write("tls.key", third.keyPem());
    Path certificate = write("tls.crt", third.chainPem());
    KeyFiles source =
        files(withPassword(pem, "two"), withPassword(p12, "one"), KeyFile.of(key, certificate));
    assertThat(ids(source)).containsExactly(third.keyId(), FIRST.keyId(), SECOND.keyId());
    assertThat(source.problem()).isNull();
  }

  @Test
  void givesAKeyThatTwoFilesHoldOnce() throws Exception {
    KeyFiles source =
        files(
            KeyFile.of(write("a", FIRST.pem())), withPassword(write("b", FIRST.pkcs12("x")), "x"));
    assertThat(source.load()).hasSize(1);
  }

  @Test
  void looksAgainOnlyAfterTheInterval() throws Exception {
    Path file = write("key.pem", FIRST.pem());
    KeyFiles source = files(KeyFile.of(file));
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    write("key.pem", SECOND.pem());
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    pass();
    assertThat(ids(source)).containsExactly(SECOND.keyId());
  }

  @Test
  void looksAgainWhenTheClockWasSetBack() throws Exception {
    Path file = write("key.pem", FIRST.pem());
    KeyFiles source = files(KeyFile.of(file));
    source.load();
    write("key.pem", SECOND.pem());
    now.updateAndGet(time -> time.minus(Duration.ofDays(1)));
    assertThat(ids(source)).containsExactly(SECOND.keyId());
  }

  @Test
  void givesTheSameObjectsWhileNothingChanges() throws Exception {
    KeyFiles source = files(KeyFile.of(write("key.pem", FIRST.pem())));
    KeyMaterial before = source.load().get(0);
    pass();
    assertThat(source.load().get(0)).isSameAs(before);
  }

  @Test
  void noticesAChangeThatKeepsSizeAndTime() throws Exception {
    Path file = write("key.pem", pad(FIRST.pem()));
    FileTime time = Files.getLastModifiedTime(file);
    KeyFiles source = files(KeyFile.of(file));
    source.load();
    write("key.pem", pad(SECOND.pem()));
    Files.setLastModifiedTime(file, time);
    pass();
    assertThat(ids(source)).containsExactly(SECOND.keyId());
  }

  private static String pad(String pem) {
    return pem + " ".repeat(2000 - pem.length());
  }

  @Test
  void followsTheSwapOfALinkAsKubernetesMakesIt() throws Exception {
    for (String version : List.of("..1", "..2")) {
      Files.createDirectory(directory.resolve(version));
      Issued issued = version.equals("..1") ? FIRST : SECOND;
      Files.writeString(directory.resolve(version).resolve("tls.key"), issued.keyPem());
      Files.writeString(directory.resolve(version).resolve("tls.crt"), issued.chainPem());
    }
    Path data = directory.resolve("..data");
    Files.createSymbolicLink(data, Path.of("..1"));
    for (String name : List.of("tls.key", "tls.crt")) {
      Files.createSymbolicLink(directory.resolve(name), Path.of("..data").resolve(name));
    }
    KeyFiles source = files(KeyFile.of(directory.resolve("tls.key"), directory.resolve("tls.crt")));
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    Path next = Files.createSymbolicLink(directory.resolve("..next"), Path.of("..2"));
    Files.move(next, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    pass();
    assertThat(ids(source)).containsExactly(SECOND.keyId());
    assertThat(source.problem()).isNull();
  }

  @Test
  void keepsTheLastGoodKeysWhenOnlyHalfOfAPairIsNew() throws Exception {
    Path key = write("tls.key", FIRST.keyPem());
    Path certificate = write("tls.crt", FIRST.chainPem());
    KeyFiles source = files(KeyFile.of(key, certificate));
    source.load();
    write("tls.key", SECOND.keyPem());
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    assertThat(source.problem()).contains("None of the certificates belongs");
    write("tls.crt", SECOND.chainPem());
    pass();
    assertThat(ids(source)).containsExactly(SECOND.keyId());
    assertThat(source.problem()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "junk", "-----BEGIN PRIVATE KEY-----\nMIG", "0\u0080\u0081"})
  void keepsTheLastGoodKeysWhenTheNewContentIsGarbage(String garbage) throws Exception {
    Path file = write("key.pem", FIRST.pem());
    KeyFiles source = files(KeyFile.of(file));
    source.load();
    write("key.pem", garbage);
    for (int look = 0; look < 3; look++) {
      pass();
      assertThat(ids(source)).containsExactly(FIRST.keyId());
      assertThat(source.confirmed()).isEmpty();
      assertThat(source.problem()).startsWith("Key file " + file + ": ").endsWith(".");
    }
    write("key.pem", FIRST.pem());
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    assertThat(source.confirmed()).containsExactly(FIRST.keyId());
    assertThat(source.problem()).isNull();
  }

  @Test
  void keepsTheLastGoodKeysWhileTheFileIsGoneOrNoFile() throws Exception {
    Path file = write("key.pem", FIRST.pem());
    KeyFiles source = files(KeyFile.of(file));
    source.load();
    Files.delete(file);
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    assertThat(source.problem()).contains("There is no file");
    Files.createDirectory(file);
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    Files.delete(file);
    write("key.pem", FIRST.pem()); // the very content of before
    pass();
    source.load();
    assertThat(source.problem()).isNull();
  }

  @Test
  void keepsTheLastGoodKeysOfABrokenFileAndTakesTheNewOnesOfAnother() throws Exception {
    Path a = write("a.pem", FIRST.pem());
    Path b = write("b.p12", FIRST.pkcs12("pw"));
    KeyFiles source = files(KeyFile.of(a), withPassword(b, "pw"));
    source.load();
    write("a.pem", "junk");
    write("b.p12", SECOND.pkcs12("pw"));
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId(), SECOND.keyId());
    assertThat(source.confirmed()).containsExactly(SECOND.keyId());
    assertThat(source.problem()).contains("a.pem");
    write("b.p12", FIRST.pkcs12("pw"));
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    assertThat(source.confirmed()).as("one of two files has it").containsExactly(FIRST.keyId());
    assertThat(source.problem()).contains("a.pem");
  }

  @Test
  void readsThePasswordFileAgain() throws Exception {
    Path password = write("password", "one\n");
    Path file = write("key.p12", FIRST.pkcs12("one"));
    KeyFiles source = files(KeyFile.of(file).withPasswordFile(password));
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    write("key.p12", SECOND.pkcs12("two"));
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId());
    assertThat(source.problem()).contains("password of the key store is wrong");
    write("password", "two\r\nmore");
    pass();
    assertThat(ids(source)).containsExactly(SECOND.keyId());
    assertThat(source.problem()).isNull();
  }

  @Test
  void refusesPasswordFilesThatHoldNone() throws Exception {
    Path file = write("key.p12", FIRST.pkcs12("one"));
    Path password = directory.resolve("password");
    KeyFiles source = files(KeyFile.of(file).withPasswordFile(password));
    isUnavailable(source, "There is no file " + password);
    Object[][] cases = {
      {new byte[0], "is empty"},
      {"\none".getBytes(UTF_8), "is empty"},
      {new byte[] {(byte) 0xff, 'a'}, "is not UTF-8"},
      {new byte[5000], "larger than 4096 bytes"}
    };
    for (Object[] each : cases) {
      write("password", (byte[]) each[0]);
      pass();
      isUnavailable(source, (String) each[1]);
    }
  }

  @Test
  void isUnavailableWhenAFileIsGarbageAtFirst() throws Exception {
    Path good = write("good.pem", FIRST.pem());
    Path file = write("key.pem", "junk");
    KeyFiles source = files(KeyFile.of(good), KeyFile.of(file));
    isUnavailable(source, "Key file " + file + ": The text holds nothing in PEM form.");
    write("key.pem", SECOND.pem());
    isUnavailable(source, "nothing in PEM form"); // no second look before the interval is over
    pass();
    assertThat(ids(source)).containsExactly(FIRST.keyId(), SECOND.keyId());
  }

  @Test
  void isUnavailableWithoutPasswordOrWithAWrongOne() throws Exception {
    Path p12 = write("key.p12", FIRST.pkcs12("right"));
    Path pem = write("key.pem", FIRST.encryptedKeyPem("right") + FIRST.chainPem());
    isUnavailable(files(KeyFile.of(p12)), "The key store needs a password");
    isUnavailable(files(KeyFile.of(pem)), "there is no password");
    isUnavailable(files(withPassword(p12, "hunter2")), "is wrong");
    isUnavailable(files(withPassword(pem, "hunter2")), "is wrong");
  }

  @Test
  void isUnavailableWhenAFileIsTooLargeOrMissing() throws Exception {
    byte[] large = new byte[KeyStoreKeys.MAX_BYTES + 1];
    Arrays.fill(large, (byte) ' ');
    isUnavailable(files(KeyFile.of(write("large", large))), "larger than 1048576 bytes");
    isUnavailable(files(KeyFile.of(directory.resolve("none"))), "There is no file");
    isUnavailable(files(KeyFile.of(directory)), "There is no file");
  }

  @Test
  void refusesToBeWithoutFiles() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new KeyFiles(List.of(), INTERVAL, now::get));
  }

  @Test
  void takesKeysOfExpiredCertificatesToo() throws Exception {
    now.set(Issued.BEGIN.plus(Issued.VALIDITY).plusSeconds(1));
    assertThat(ids(files(KeyFile.of(write("key.pem", FIRST.pem()))))).hasSize(1);
  }

  @Test
  void showsNoPassword() throws Exception {
    Path p12 = write("key.p12", FIRST.pkcs12("right"));
    KeyFile file = withPassword(p12, "hunter2");
    KeyFiles source = files(file);
    isUnavailable(source, "is wrong");
    assertThat(file + " " + source + " " + source.problem()).doesNotContain("hunter2");
  }
}

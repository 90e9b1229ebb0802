package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.CERTIFICATE;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.certificates.TestOrder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The authority for test certificates that a developer's platform brings along. */
class DevelopmentAuthorityTest {
  private final Path folder;
  private final TestStore store;

  DevelopmentAuthorityTest(@TempDir Path folder) {
    this.folder = folder;
    store = TestStore.in(folder);
  }

  @Test
  void isTrustedByThePlatformThatMadeIt() {
    try (TestStack withoutFiles = TestStack.start()) {
      Issued leaf = TestOrder.of(DIGDIR).by(withoutFiles.server().testAuthority());
      MaskinportenClientFixture.claims(requestToken(withoutFiles, leaf));
    }
    try (TestStack kept = start()) {
      Issued leaf = TestOrder.of(DIGDIR).by(kept.server().testAuthority());
      MaskinportenClientFixture.claims(requestToken(kept, leaf));
    }
  }

  @Test
  void isTrustedByNoOtherPlatform() {
    try (TestStack one = TestStack.start();
        TestStack other = start()) {
      Issued leaf = TestOrder.of(DIGDIR).by(one.server().testAuthority());
      assertRefused(other, requestToken(other, leaf), CERTIFICATE);
      Issued back = TestOrder.of(DIGDIR).by(other.server().testAuthority());
      assertRefused(one, requestToken(one, back), CERTIFICATE);
    }
  }

  @Test
  void staysTheSameInItsFolder() throws IOException {
    start().close();
    String authority = Files.readString(file());
    String anchors = Files.readString(anchors());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(anchors).doesNotContain("PRIVATE").contains("BEGIN CERTIFICATE");
    Files.delete(anchors());
    try (TestStack again = start()) {
      assertThat(Files.readString(file())).isEqualTo(authority);
      assertThat(Files.readString(anchors())).isEqualTo(anchors);
      Issued leaf = TestOrder.of(DIGDIR).by(again.server().testAuthority());
      MaskinportenClientFixture.claims(requestToken(again, leaf));
    }
  }

  @Test
  void leavesAFileOfOnesOwnAlone() throws IOException {
    TestAuthority own = TestOrder.root("My own");
    Files.createDirectories(anchors().getParent());
    TestOrder.writeAnchors(anchors(), own);
    String before = Files.readString(anchors());
    try (TestStack stack = start()) {
      assertThat(Files.readString(anchors())).isEqualTo(before);
      MaskinportenClientFixture.claims(requestToken(stack, TestOrder.of(DIGDIR).by(own)));
      Issued leaf = TestOrder.of(DIGDIR).by(stack.server().testAuthority());
      assertRefused(stack, requestToken(stack, leaf), CERTIFICATE);
    }
  }

  @Test
  void doesNotStartWithAFileThatIsNoAuthority() throws IOException {
    Files.createDirectories(file().getParent());
    Files.writeString(file(), "nothing");
    assertThatExceptionOfType(BadSettings.class)
        .isThrownBy(this::start)
        .withMessageContaining("test-authority.pem");
  }

  @Test
  void isNotThereWhereThePlatformServes() {
    Settings serving = store.settings().apply(Settings.serving().withPort(0));
    try (Server server = Server.start(Addresses.withPort(serving))) {
      assertThatIllegalStateException().isThrownBy(server::testAuthority);
    }
  }

  private TestStack start() {
    return TestStack.start(it -> {
      Settings settings = Settings.development(folder, 0);
      return store.settings().apply(TestStack.withExchange(settings, it.exchange()));
    });
  }

  private Path file() {
    return folder.resolve("dev/test-authority.pem");
  }

  private Path anchors() {
    return folder.resolve("dev/anchors.pem");
  }

  private static HttpResponse<String> requestToken(TestStack stack, Issued leaf) {
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    return stack.requestToken(
        stack
            .grant(new TestStack.Client(client, TestOrder.rsaKey(leaf)), READ)
            .withoutHeader("kid")
            .header("x5c", List.of(TestOrder.x5c(leaf)))
            .compact());
  }
}

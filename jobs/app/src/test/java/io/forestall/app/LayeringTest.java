package io.forestall.app;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import org.junit.jupiter.api.Test;

/**
 * The arrows between the rooms. The poms already lack the forbidden dependencies and the enforcer
 * bans them; this test says why when somebody finds a way around both.
 */
class LayeringTest {

  private static final String[] PURE = {
    "io.forestall.risk..", "io.forestall.decisions..", "io.forestall.sim.."
  };

  private static final JavaClasses HOUSE =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("io.forestall");

  @Test
  void pureRoomsKnowNoFramework() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(PURE)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                "org.apache..", "org.deeplearning4j..", "org.nd4j..", "io.forestall.schemas..")
            .because("thinking is tested in microseconds and simulated by the million"));
  }

  @Test
  void pureRoomsNeverAskTheClock() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage(PURE)
            .should()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(LocalDate.class, "now")
            .orShould()
            .callMethod(LocalDateTime.class, "now")
            .orShould()
            .dependOnClassesThat()
            .areAssignableTo(Clock.class)
            .because("time is a parameter: a replay must decide as the live run did"));
  }

  @Test
  void schemasKnowNobody() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.forestall.schemas..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage("io.forestall..")
                    .and(not(resideInAnyPackage("io.forestall.schemas.."))))
            .because("the contract is what everyone agrees on"));
  }

  @Test
  void riskKnowsNoOtherRoom() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.forestall.risk..")
            .should()
            .dependOnClassesThat(
                resideInAnyPackage("io.forestall..")
                    .and(not(resideInAnyPackage("io.forestall.risk.."))))
            .because("what predicts must also run on a laptop, in training and in a benchmark"));
  }

  @Test
  void onlyOneRoomSeesDeeplearning4j() {
    check(
        noClasses()
            .that()
            .resideOutsideOfPackages("io.forestall.dl4j..", "io.forestall.bench..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.deeplearning4j..", "org.nd4j..")
            .because("its natives belong in a cluster's lib and its figures behind the port"));
  }

  @Test
  void wireAndNodesRunWithoutFlink() {
    check(
        noClasses()
            .that()
            .resideInAnyPackage("io.forestall.wire..", "io.forestall.nodes..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("org.apache.flink..")
            .because("storage nodes speak the contract without a Flink on their class path"));
  }

  @Test
  void operatorsDoNotReachUp() {
    check(
        noClasses()
            .that()
            .resideInAPackage("io.forestall.operators..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("io.forestall.topologies..", "io.forestall.app..")
            .because("an operator is a porter; topologies place it"));
  }

  @Test
  void everyRoomIsListed() {
    check(
        classes()
            .should()
            .resideInAnyPackage(
                "io.forestall.schemas..",
                "io.forestall.risk..",
                "io.forestall.dl4j..",
                "io.forestall.decisions..",
                "io.forestall.sim..",
                "io.forestall.wire..",
                "io.forestall.nodes..",
                "io.forestall.operators..",
                "io.forestall.topologies..",
                "io.forestall.app..",
                "io.forestall.bench..")
            .because("a line of code knows its room"));
  }

  private static void check(ArchRule rule) {
    // A room may still be empty of the classes a rule speaks of.
    rule.allowEmptyShould(true).check(HOUSE);
  }
}

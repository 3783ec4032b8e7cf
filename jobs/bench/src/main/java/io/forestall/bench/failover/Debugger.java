package io.forestall.bench.failover;

import com.sun.jdi.AbsentInformationException;
import com.sun.jdi.Bootstrap;
import com.sun.jdi.ClassNotLoadedException;
import com.sun.jdi.IncompatibleThreadStateException;
import com.sun.jdi.InvalidTypeException;
import com.sun.jdi.Location;
import com.sun.jdi.Method;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.EventRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Stops a Java process exactly where the trial wants it, or lets a call in it come to nothing, from
 * outside: the product needs no hook for it. The process runs with the debugger's agent. Not
 * thread-safe.
 */
final class Debugger implements AutoCloseable {

  private final VirtualMachine machine;

  private Debugger(VirtualMachine machine) {
    this.machine = machine;
  }

  /** The option of a process that can be attached to, at a port of 127.0.0.1. */
  static String option(int port) {
    return "-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:" + port;
  }

  /** Attaches to a process. */
  static Debugger attach(int port) throws IOException {
    AttachingConnector connector =
        Bootstrap.virtualMachineManager().attachingConnectors().stream()
            .filter(each -> each.name().equals("com.sun.jdi.SocketAttach"))
            .findFirst()
            .orElseThrow();
    Map<String, Connector.Argument> arguments = connector.defaultArguments();
    argument(arguments, "hostname").setValue("127.0.0.1");
    argument(arguments, "port").setValue(Integer.toString(port));
    try {
      return new Debugger(connector.attach(arguments));
    } catch (IllegalConnectorArgumentsException e) {
      throw new IOException("cannot attach to port " + port, e);
    }
  }

  private static Connector.Argument argument(
      Map<String, Connector.Argument> arguments, String name) {
    Connector.Argument argument = arguments.get(name);
    if (argument == null) {
      throw new IllegalStateException("the connector has no argument " + name);
    }
    return argument;
  }

  private BreakpointRequest atEntry(String type, String method, int policy) {
    List<ReferenceType> types = machine.classesByName(type);
    if (types.isEmpty()) {
      throw new IllegalStateException("the process has not loaded " + type);
    }
    List<Method> methods = types.get(0).methodsByName(method);
    Location location = null;
    for (Method each : methods) {
      if (!each.isAbstract()) {
        try {
          location = each.allLineLocations().get(0);
        } catch (AbsentInformationException e) {
          location = each.location();
        }
      }
    }
    if (location == null) {
      throw new IllegalStateException(type + " has no method " + method);
    }
    BreakpointRequest request = machine.eventRequestManager().createBreakpointRequest(location);
    request.setSuspendPolicy(policy);
    return request;
  }

  /** Waits until the method is entered; then every thread of the process stands still. */
  void stopAtEntry(String type, String method, Duration patience)
      throws InterruptedException, TimeoutException {
    BreakpointRequest request = atEntry(type, method, EventRequest.SUSPEND_ALL);
    request.addCountFilter(1);
    request.enable();
    long deadlineNanos = System.nanoTime() + patience.toNanos();
    while (System.nanoTime() < deadlineNanos) {
      EventSet events = machine.eventQueue().remove(100);
      if (events != null) {
        for (Event each : events) {
          if (each instanceof BreakpointEvent) {
            machine.eventRequestManager().deleteEventRequest(request);
            return;
          }
        }
        events.resume();
      }
    }
    machine.eventRequestManager().deleteEventRequest(request);
    throw new TimeoutException(type + "." + method + " was not entered");
  }

  /** Lets the process go on after {@link #stopAtEntry}, when it lives. */
  void goOn() {
    try {
      machine.resume();
    } catch (VMDisconnectedException e) {
      // The process has ended.
      return;
    }
  }

  /**
   * While this goes on, calls of a method without a result do nothing when the trial says so.
   *
   * @return how many came to nothing
   */
  int dropCalls(String type, String method, BooleanSupplier goOn, BooleanSupplier drop)
      throws InterruptedException {
    BreakpointRequest request = atEntry(type, method, EventRequest.SUSPEND_EVENT_THREAD);
    request.enable();
    int dropped = 0;
    try {
      while (goOn.getAsBoolean()) {
        EventSet events = machine.eventQueue().remove(50);
        if (events == null) {
          continue;
        }
        for (Event each : events) {
          if (each instanceof BreakpointEvent hit && drop.getAsBoolean()) {
            hit.thread().forceEarlyReturn(machine.mirrorOfVoid());
            dropped++;
          }
        }
        events.resume();
      }
    } catch (InvalidTypeException
        | ClassNotLoadedException
        | IncompatibleThreadStateException
        | VMDisconnectedException e) {
      throw new IllegalStateException("cannot drop calls of " + type + "." + method, e);
    } finally {
      remove(request);
    }
    return dropped;
  }

  private void remove(@Nullable BreakpointRequest request) {
    try {
      machine.eventRequestManager().deleteEventRequest(request);
      machine.resume();
    } catch (VMDisconnectedException e) {
      // The process has ended.
      return;
    }
  }

  @Override
  public void close() {
    try {
      machine.dispose();
    } catch (VMDisconnectedException e) {
      // The process has ended.
      return;
    }
  }
}

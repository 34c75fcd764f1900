using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Treeline;

/// <summary>What can be told about an async method from the fields of its state machine, once per method.</summary>
/// <typeparam name="TStateMachine">The state machine that the compiler made of the method.</typeparam>
internal static class FiberShape<TStateMachine>
    where TStateMachine : IAsyncStateMachine
{
    /// <summary>
    /// True if the method awaits anything that is not Treeline's. Code behind such an await may run on other threads, and
    /// learns only from the execution context where in the tree it is.
    /// </summary>
    /// <remarks>
    /// The compiler keeps an awaiter that may suspend in a field of its type (of type object, if it is a class). Where
    /// there is no reflection over fields (native AOT may leave it out), every method counts as one that does.
    /// </remarks>
    public static readonly bool AwaitsForeign = !RuntimeFeature.IsDynamicCodeSupported || HasForeignAwaiter();

    [UnconditionalSuppressMessage(
        "Trimming",
        "IL2090",
        Justification = "Fields that the state machine's own code uses are kept, and others do not matter.")]
    private static bool HasForeignAwaiter()
    {
        foreach (FieldInfo field in typeof(TStateMachine).GetFields(
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        {
            if (field.FieldType == typeof(object)
                || (typeof(INotifyCompletion).IsAssignableFrom(field.FieldType)
                    && !typeof(IWorkItemAwaiter).IsAssignableFrom(field.FieldType)
                    && !typeof(IFiberAwaiter).IsAssignableFrom(field.FieldType)))
            {
                return true;
            }
        }

        return false;
    }
}
